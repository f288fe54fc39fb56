using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Environments;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Cmdlets;

/// <summary>Shows what services were started with, against the file that their environment comes from.</summary>
[Cmdlet(VerbsCommon.Get, "ServiceEnvironment")]
[OutputType(typeof(ServiceEnvironmentVariable))]
public sealed class GetServiceEnvironmentCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Services of the stack, with wildcards. Without it: all services.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only these variables, with wildcards.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Key { get; set; } = [];

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
        var targets = _names.Count == 0
            ? ServiceTargets.Of(session.Stack).Where(target => target.Kind == MemberKind.Service).ToList()
            : ServiceTargets.Select(session.Stack, _names.Distinct(StringComparer.OrdinalIgnoreCase).ToList(), output);
        var keys = new NameFilter(Key);
        if (!await new ServiceEnvironments(session, output, Fingerprints.Open(output)).ReadAsync(targets, keys, cancellationToken) || targets.Count == 0)
        {
            return;
        }

        foreach (var error in keys.Unused("Environment.KeyNotFound", "environment variable"))
        {
            output.Error(error);
        }
    }
}
