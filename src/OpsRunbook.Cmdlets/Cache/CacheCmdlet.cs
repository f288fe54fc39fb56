using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that works on caches of a stack, or on addresses instead.</summary>
public abstract class CacheCmdlet : AddressCmdlet
{
    /// <summary>Opens the stack, or a session on the addresses of -Uri.</summary>
    private protected async Task<StackSession> OpenAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        Uri.Length > 0 ? CacheAddress.Open(Uri, Credentials(Credential)) : await OpenStackAsync(output, cancellationToken);

    /// <summary>The caches that names fit.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="database">Number of the database; null for that of the stack.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The caches.</returns>
    private protected IReadOnlyList<CacheTarget> Select(StackSession session, IReadOnlyList<string> names, int? database, IOperationOutput output) =>
        CacheTarget.Select(session, names, database, Limit, output);

    /// <summary>A parameter or a combination that cannot be carried out.</summary>
    private protected static OpsException Unusable(string message, string nextStep) =>
        new("Cache.ParameterInvalid", OpsErrorKind.InvalidArgument, message, nextStep);
}
