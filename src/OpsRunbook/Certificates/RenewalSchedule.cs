namespace OpsRunbook;

/// <summary>Whether certbot renews a certificate by itself, and when it did so last.</summary>
public sealed record RenewalSchedule
{
    /// <summary>A timer or a cron job runs certbot; null when that cannot be known, as for a folder of one's own or a certbot in a container.</summary>
    public bool? IsScheduled { get; init; }

    /// <summary>What runs it: <c>certbot.timer</c>, <c>/etc/cron.d/certbot</c>; null when nothing was found.</summary>
    public string? By { get; init; }

    /// <summary>When the timer runs it next, UTC; null for a cron job, or when that is not known.</summary>
    public DateTime? NextRunAt { get; init; }

    /// <summary>When certbot ran last, whatever came of it, UTC, by the time of its log; null when it has none.</summary>
    public DateTime? LastRunAt { get; init; }

    /// <summary>When the certificate that is in place was issued, UTC, by the time of its file; null when it cannot be read.</summary>
    public DateTime? LastRenewedAt { get; init; }

    /// <summary>The same in words.</summary>
    public required string Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Message;
}
