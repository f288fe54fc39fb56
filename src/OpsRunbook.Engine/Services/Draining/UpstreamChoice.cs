using System.Text;

namespace OpsRunbook.Engine.Services;

/// <summary>Decides which servers of a web server's upstreams a drain takes out.</summary>
internal static class UpstreamChoice
{
    /// <summary>Picks the servers.</summary>
    /// <param name="upstreams">The web server's upstreams.</param>
    /// <param name="isService">Tells whether a server is the service.</param>
    /// <param name="name">Name of the upstream; null for all.</param>
    /// <param name="web">Name of the web server.</param>
    /// <param name="target">The service.</param>
    /// <param name="owner">Name of the marks.</param>
    /// <returns>Those to mark, and those that have the owner's mark already; empty when all are down without it.</returns>
    /// <exception cref="OpsException"><c>Drain.UpstreamNotFound</c>, <c>Drain.LastServer</c>.</exception>
    public static async Task<IReadOnlyList<UpstreamServer>> ChooseAsync(
        NginxUpstreams upstreams, Func<UpstreamServer, Task<bool>> isService, string? name, string web, ServiceTarget target, string owner)
    {
        var own = new HashSet<UpstreamServer>();
        foreach (var server in upstreams.Servers.Where(server => name is null || server.Upstream == name))
        {
            if (await isService(server))
            {
                own.Add(server);
            }
        }

        if (own.Count == 0)
        {
            throw NotFound(upstreams, name, web, target);
        }

        foreach (var block in own.Where(server => !server.IsDown).Select(server => server.Upstream).Distinct(StringComparer.Ordinal))
        {
            var others = upstreams.Servers.Where(server => server.Upstream == block && !own.Contains(server)).ToList();
            if (others.TrueForAll(server => server.IsDown))
            {
                var down = string.Concat(others.Select(server => $" {server.Name} is down{(server.Owner is { } other ? $", drained by {other}" : string.Empty)}."));
                throw new OpsException(
                    "Drain.LastServer",
                    OpsErrorKind.Refused,
                    $"'{target.Name}' is the last server of upstream {block} of '{web}' that takes requests; without it all of them would fail.{down}",
                    others.Count == 0 ? "Run a second instance, or drain without 'webServer'." : "Bring another one back first.",
                    target.Name);
            }
        }

        var mark = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(owner));
        return own.Where(server => !server.IsDown || server.Owner == mark).ToList();
    }

    private static OpsException NotFound(NginxUpstreams upstreams, string? name, string web, ServiceTarget target)
    {
        var known = upstreams.Servers.Select(server => server.Upstream).Distinct(StringComparer.Ordinal).ToList();
        return name is not null && !known.Contains(name, StringComparer.Ordinal)
            ? new OpsException(
                "Drain.UpstreamNotFound",
                OpsErrorKind.NotFound,
                $"'{web}' has no upstream '{name}', from which '{target.Name}' could be taken.",
                Nearest.Suggest(name, known) ?? "Its configuration has no upstream at all.",
                target.Name)
            : new OpsException(
                "Drain.UpstreamNotFound",
                OpsErrorKind.NotFound,
                $"{(name is null ? "No upstream" : $"Upstream '{name}'")} of '{web}' has {(name is null ? "a" : "no")} server that is '{target.Name}' (port {string.Join(", ", target.Ports)} on host '{target.Host}').",
                "Check 'ports' and 'host' of the service. A proxy_pass straight to an address cannot be drained: give it an upstream with a second server.",
                target.Name);
    }
}
