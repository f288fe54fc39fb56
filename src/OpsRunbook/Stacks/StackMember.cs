namespace OpsRunbook;

/// <summary>A member of a stack in one line.</summary>
public sealed class StackMember
{
    /// <summary>Name of the member.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required MemberKind Kind { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>What it is made of or run by: <c>pm2</c>, <c>postgres</c>, <c>nginx</c>; empty when that is not known.</summary>
    public string Type { get; init; } = string.Empty;

    /// <summary>Where it is reached: address, unit or file, without a password; empty when the stack does not say.</summary>
    public string Target { get; init; } = string.Empty;

    /// <summary>Members that it cannot work without.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>Name of the stack.</summary>
    public string Stack { get; init; } = string.Empty;

    /// <summary>The member itself: a <see cref="StackService"/>, <see cref="StackDatabase"/> and so on.</summary>
    public required object Definition { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
