using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Disks.Rotation;

namespace OpsRunbook.Cmdlets;

/// <summary>Writes the rule by which logrotate rotates a log of the stack.</summary>
[Cmdlet(VerbsCommon.Set, "LogRotation", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(LogRotationChange), typeof(OpsPlanStep))]
public sealed class SetLogRotationCommand : ChangeCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Entries of the stack's logs, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration file of logrotate that includes the rule. Without it: <c>/etc/logrotate.conf</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ConfigPath { get; set; }

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
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var setter = new LogRotationSetter(session.Stack, ConfigPath, changes, output);
        var logs = session.Stack.Logs;
        foreach (var name in _names.Where(name => !logs.Keys.Any(log => NameFilter.Fits(name, log))).Distinct(StringComparer.Ordinal))
        {
            output.Error(new OpsException(
                "LogRotation.LogUnknown", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no log '{name}'.", Nearest.Suggest(name, logs.Keys) ?? "Describe it under 'logs' in the stack file.", name));
        }

        foreach (var (name, log) in logs.Where(log => _names.Exists(name => NameFilter.Fits(name, log.Key))))
        {
            try
            {
                await setter.RunAsync(name, log, session.Host(log.Host), cancellationToken);
            }
            catch (OpsException error)
            {
                // One rule that cannot be written does not keep the others from being.
                output.Error(error);
            }
        }
    }
}
