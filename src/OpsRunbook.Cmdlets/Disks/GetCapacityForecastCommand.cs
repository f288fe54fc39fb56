using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Disks.Capacity;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Says when disks, inodes, databases and the memory of caches run out.</summary>
[Cmdlet(VerbsCommon.Get, "CapacityForecast")]
[OutputType(typeof(CapacityForecast))]
public sealed class GetCapacityForecastCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>File systems, databases, caches and hosts, with wildcards. Without it: all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only these.</summary>
    [Parameter]
    public CapacityKind[] Kind { get; set; } = [];

    /// <summary>How far the look goes back.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Since { get; set; } = TimeSpan.FromDays(30);

    /// <summary>File for a picture of the forecasts (SVG), for reports.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Svg { get; set; }

    /// <summary>Hosts of the stack, with wildcards; <c>local</c> is this machine. Without it: every host of the stack.</summary>
    [Parameter]
    [Alias("ComputerName", "Host")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(Since);
        await using var session = await OpenStackAsync(output, cancellationToken);
        await using var hosts = HostSelection.Open(session, HostName, output);
        var reader = new CapacityReader(session, new NameFilter(_names), Kind, Since, output);
        await reader.RunAsync(hosts.Hosts, cancellationToken);
        if (Svg is not null)
        {
            await reader.WriteAsync(Path.GetFullPath(Svg, WorkingDirectory), cancellationToken);
        }
    }
}
