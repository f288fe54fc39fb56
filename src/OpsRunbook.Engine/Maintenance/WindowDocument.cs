using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>A window as it is remembered. Times are UTC unless said otherwise.</summary>
internal sealed record WindowDocument
{
    /// <summary>Id in the store.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Id { get; init; } = string.Empty;

    /// <summary>Version in the store; 0 for one that is not there yet.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Version { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>It has begun and not ended: changes that are made belong to it. Read by <see cref="OpenWork"/>.</summary>
    public bool Active => State is MaintenanceWindowState.Starting or MaintenanceWindowState.Open or MaintenanceWindowState.Stopping;

    /// <summary>How far it is.</summary>
    public required MaintenanceWindowState State { get; init; }

    /// <summary>What it is for.</summary>
    public required string Title { get; init; }

    /// <summary>Begin; of one that recurs, the first.</summary>
    public required DateTime Begin { get; init; }

    /// <summary>Announced end; of one that recurs, that of the first time.</summary>
    public required DateTime End { get; init; }

    /// <summary>Time zone in which it was planned; null when it was not.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Begin by the clock of that time zone; null when it was not planned.</summary>
    public DateTime? LocalBegin { get; init; }

    /// <summary>Rule by which it recurs; null when it does not.</summary>
    public string? Repeat { get; init; }

    /// <summary>Id of the window of which this is one time; null for none.</summary>
    public string? Plan { get; init; }

    /// <summary>When work could begin.</summary>
    public DateTime? OpenedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTime? ClosedAt { get; init; }

    /// <summary>Reason that the operator gave; without secrets.</summary>
    public string? Reason { get; init; }

    /// <summary>Who planned or began it.</summary>
    public required LockHolder By { get; init; }

    /// <summary>Who works at it, or did last.</summary>
    public required LockHolder Worker { get; init; }

    /// <summary>Who worked at it was interrupted and has given it up.</summary>
    public bool IsLeft { get; init; }

    /// <summary>Steps of its begin.</summary>
    public IReadOnlyList<WindowStep> Opening { get; init; } = [];

    /// <summary>Steps of its end.</summary>
    public IReadOnlyList<WindowStep> Closing { get; init; } = [];

    /// <summary>Planned, or open in any way: something is still to be done with it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsUnfinished => Active || State == MaintenanceWindowState.Planned;

    /// <summary>It was interrupted: nobody works at it any more, as far as that can be seen from here.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsInterrupted => State is MaintenanceWindowState.Starting or MaintenanceWindowState.Stopping && (IsLeft || !Worker.MayLive);

    /// <summary>Its planned length.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public TimeSpan Length => End - Begin;
}
