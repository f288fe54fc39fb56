using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Judges machines: CPU, load, memory, swap, file systems, processes ended for want of memory.</summary>
[Cmdlet(VerbsCommon.Get, "HostHealth")]
[OutputType(typeof(HostHealth))]
public sealed class GetHostHealthCommand : HostCmdlet
{
    private static readonly TimeSpan LongestSample = TimeSpan.FromHours(1);

    /// <summary>How long CPU use is measured.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Sample { get; set; } = HostInspector.DefaultSample;

    /// <inheritdoc/>
    private protected override async Task RunAsync(IHost host, OpsStack stack, IOperationOutput output, CancellationToken cancellationToken) =>
        await output.WriteAsync(
            await HostInspector.InspectAsync(host, stack.Thresholds, RequireSample(Sample, LongestSample), cancellationToken), cancellationToken);
}
