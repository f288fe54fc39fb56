namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>A clock that is set to another time; its hands move as those of any other.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan By { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + By;
}
