namespace OpsRunbook.Engine.Services;

/// <summary>One action on one service, ready to be done.</summary>
/// <param name="Action">What it is called.</param>
/// <param name="Target">The service.</param>
/// <param name="State">Its state as just read.</param>
/// <param name="Command">The command that an operator would type; without secrets.</param>
/// <param name="ActAsync">Has the manager do it.</param>
internal sealed record ServiceStep(ServiceAction Action, ServiceTarget Target, UnitState State, string Command, Func<CancellationToken, Task> ActAsync)
{
    /// <summary>Instances that must run afterwards; null for those that the manager has.</summary>
    public int? Instances { get; init; }

    /// <summary>The service ends for it, so it is drained first.</summary>
    public bool Interrupts { get; init; }
}
