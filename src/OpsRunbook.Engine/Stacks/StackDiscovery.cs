using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Describes what runs on a host as a stack.</summary>
public static class StackDiscovery
{
    /// <summary>Looks at service managers, listening servers, containers and web server sites.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="output">Takes what could not be looked at, as verbose lines and warnings.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A stack named for the host, without secrets.</returns>
    public static Task<OpsStack> DiscoverAsync(IHost host, IOperationOutput output, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
