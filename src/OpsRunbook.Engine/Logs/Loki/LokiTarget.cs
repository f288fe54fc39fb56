using System.Net;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Monitoring;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Logs.Loki;

/// <summary>A Loki and how it is reached.</summary>
/// <param name="Host">Host from which it is reached.</param>
/// <param name="Address">Its base address.</param>
public sealed record LokiTarget(IHost Host, Uri Address)
{
    /// <summary>Headers of every request; values may be secret.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Entries that are asked for at once.</summary>
    public int PageSize { get; init; } = 1000;

    /// <summary>The Loki of a stack, or the one at an address.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="address">Base address; null for the one of the stack.</param>
    /// <param name="credential">User and password; null for none.</param>
    /// <param name="tenant">Tenant of a Loki that serves several; null for none.</param>
    /// <returns>The target.</returns>
    /// <exception cref="OpsException"><c>Loki.NotConfigured</c>, <c>Endpoint.UrlInvalid</c>.</exception>
    public static LokiTarget Of(StackSession session, string? address = null, NetworkCredential? credential = null, string? tenant = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        var server = MonitoringServer.Of("Loki", session, address, session.Stack.Monitoring?.Loki, "http://localhost:3100", credential);
        var headers = new Dictionary<string, string>(server.Headers, StringComparer.OrdinalIgnoreCase);
        if (tenant is not null)
        {
            headers["X-Scope-OrgID"] = tenant;
        }

        return new LokiTarget(server.Host, server.Address) { Headers = headers };
    }
}
