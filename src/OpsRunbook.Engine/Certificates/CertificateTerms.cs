namespace OpsRunbook.Engine.Certificates;

/// <summary>What certificates are judged by.</summary>
public sealed record CertificateTerms
{
    /// <summary>Warning when no more than this is left.</summary>
    public TimeSpan Warning { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Critical when no more than this is left.</summary>
    public TimeSpan Critical { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Moment that it is judged for, UTC.</summary>
    public DateTime At { get; init; } = DateTime.UtcNow;

    /// <summary>PEM file with the authorities to trust; null for this machine's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Ask the authority, over the network, whether it was revoked.</summary>
    public bool CheckRevocation { get; init; }

    /// <summary>Longest time for an endpoint.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Passphrase of encrypted files; null for none.</summary>
    public string? Password { get; init; }

    // The compiler's ToString would print the passphrase.
    private bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(At);
        return true;
    }
}
