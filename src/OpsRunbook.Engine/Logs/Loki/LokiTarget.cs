using System.Net;
using System.Text;
using OpsRunbook.Engine.Hosts;
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
        var monitoring = session.Stack.Monitoring;
        var text = address ?? monitoring?.Loki ?? throw new OpsException(
            "Loki.NotConfigured",
            OpsErrorKind.InvalidArgument,
            $"The stack '{session.Stack.Name}' has no Loki.",
            "Name it under 'monitoring' in the stack file, such as loki: \"http://localhost:3100\", or give -Uri.",
            session.Stack.Name);
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new OpsException("Endpoint.UrlInvalid", OpsErrorKind.InvalidArgument, "The address of Loki is not an absolute http or https address.", "Write it as http://host:3100.", "loki");
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Accept"] = "application/json", ["User-Agent"] = "OpsRunbook" };
        if (credential is not null)
        {
            headers["Authorization"] = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}"));
        }

        if (tenant is not null)
        {
            headers["X-Scope-OrgID"] = tenant;
        }

        return new LokiTarget(session.Host(address is null ? monitoring?.Host : null), uri) { Headers = headers };
    }
}
