using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the processes that use most CPU or memory, with the service they belong to.</summary>
[Cmdlet(VerbsCommon.Get, "TopProcess")]
[OutputType(typeof(ProcessUsage))]
public sealed class GetTopProcessCommand : HostCmdlet
{
    private static readonly TimeSpan LongestSample = TimeSpan.FromHours(1);

    /// <summary>What counts: CPU use during the sample, or resident memory.</summary>
    [Parameter]
    [ValidateSet("Cpu", "Memory")]
    public string By { get; set; } = nameof(ProcessOrder.Cpu);

    /// <summary>How many processes of each host.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    public int First { get; set; } = 10;

    /// <summary>How long CPU use is measured.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Sample { get; set; } = ProcessInspector.DefaultSample;

    /// <inheritdoc/>
    private protected override async Task RunAsync(IHost host, OpsStack stack, IOperationOutput output, CancellationToken cancellationToken)
    {
        var order = Enum.Parse<ProcessOrder>(By, ignoreCase: true);
        foreach (var usage in await ProcessInspector.GetTopAsync(host, order, First, RequireSample(Sample, LongestSample), cancellationToken))
        {
            await output.WriteAsync(usage, cancellationToken);
        }
    }
}
