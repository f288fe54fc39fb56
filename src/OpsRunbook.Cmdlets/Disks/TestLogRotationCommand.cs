using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Disks.Rotation;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Tells which logs of the stack nothing keeps from growing.</summary>
[Cmdlet(VerbsDiagnostic.Test, "LogRotation")]
[OutputType(typeof(LogRotation))]
public sealed class TestLogRotationCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Entries of the stack's logs, and members, with wildcards. Without it: all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration file of logrotate. Without it: <c>/etc/logrotate.conf</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ConfigPath { get; set; }

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
        await using var session = await OpenStackAsync(output, cancellationToken);
        await using var hosts = HostSelection.Open(session, HostName, output);
        var tester = new LogRotationTester(session, new NameFilter(_names), ConfigPath, output);
        foreach (var host in hosts.Hosts)
        {
            await tester.RunAsync(host, cancellationToken);
        }

        tester.ReportUnused();
    }
}
