namespace OpsRunbook;

/// <summary>One thing that <c>Test-OpsStack</c> looked at.</summary>
public sealed class StackFinding
{
    /// <summary>Critical when it is wrong or does not answer, Warning when it is unwise, Unknown when it could not be tried.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the stack.</summary>
    public string Stack { get; init; } = string.Empty;

    /// <summary>Name of the member; empty when it is about the whole stack.</summary>
    public string Member { get; init; } = string.Empty;

    /// <summary>Key path in the stack file: <c>databases.db.password</c>.</summary>
    public required string Key { get; init; }

    /// <summary>Line in the stack file, from 1; null when there is no file or the file does not have the key.</summary>
    public int? Line { get; init; }

    /// <summary>What was found. Never a secret.</summary>
    public required string Message { get; init; }

    /// <summary>Stable identifier of the cause, as on an error (<c>Stack.KeyUnknown</c>); null when healthy.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Key} {Status}: {Message}";
}
