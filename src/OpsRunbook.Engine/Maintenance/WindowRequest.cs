namespace OpsRunbook.Engine.Maintenance;

/// <summary>What is asked of a window that begins now.</summary>
public sealed record WindowRequest
{
    /// <summary>How long it takes unless it is said otherwise.</summary>
    public static readonly TimeSpan DefaultLength = TimeSpan.FromHours(1);

    /// <summary>Id of the planned window that begins; null for the one that is due, or one that was not planned.</summary>
    public string? Id { get; init; }

    /// <summary>What it is for; null for nothing in particular.</summary>
    public string? Title { get; init; }

    /// <summary>How long it takes; null for the planned end, or <see cref="DefaultLength"/>.</summary>
    public TimeSpan? Length { get; init; }
}
