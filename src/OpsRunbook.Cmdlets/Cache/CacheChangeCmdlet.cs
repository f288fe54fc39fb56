using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes something in a cache. It never takes a cache for granted where there are several.</summary>
public abstract class CacheChangeCmdlet : ChangeCmdlet
{
    /// <summary>Names of caches of the stack, with wildcards. May be left out where there is only one.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Cache")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Address of a cache instead of a stack: <c>redis://host:port/database</c>, <c>rediss://</c> for TLS.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest wait for an answer.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

    /// <summary>Opens the stack, or a session on the addresses of -Uri.</summary>
    private protected async Task<StackSession> OpenAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        Uri.Length > 0 ? CacheAddress.Open(Uri, Credentials(Credential)) : await OpenStackAsync(output, cancellationToken);

    /// <summary>The caches that are meant.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards.</param>
    /// <param name="database">Number of the database; null for that of the stack.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The caches.</returns>
    /// <exception cref="OpsException"><c>Cache.NameMissing</c>: there are several and none is named.</exception>
    private protected IReadOnlyList<CacheTarget> Targets(StackSession session, IReadOnlyList<string> names, int? database, IOperationOutput output)
    {
        var limit = IsBound(nameof(Timeout)) ? WaitingTime.Require(Timeout, nameof(Timeout)) : (TimeSpan?)null;
        var targets = CacheTarget.Select(session, names, database, limit, output);
        return targets.Count > 1 && names.Count == 0 && Uri.Length == 0
            ? throw new OpsException(
                "Cache.NameMissing",
                OpsErrorKind.InvalidArgument,
                $"The stack '{session.Stack.Name}' has several caches: {string.Join(", ", targets.Select(target => target.Name))}.",
                "Say which with -Name.")
            : targets;
    }
}
