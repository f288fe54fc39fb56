using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.WebServer;

/// <summary>Maintenance mode of a web server of the stack: its sites answer 503, and are opened again byte for byte as they were.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="name">Name of the web server.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes warnings.</param>
public sealed class MaintenanceMode(StackSession session, string name, ChangeRunner changes, IOperationOutput output)
{
    private readonly string _owner = UpstreamMark.OwnerOf(session.Stack.Name, name);
    private readonly string _hostName = session.Stack.WebServers.GetValueOrDefault(name)?.Host ?? LocalHost.LocalName;

    /// <summary>The web servers that names mean; without a name those that <c>maintenance.maintenanceMode</c> names, or the only nginx.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="names">Names with wildcards.</param>
    /// <param name="output">Takes an error for each name that means nothing.</param>
    /// <returns>Names in the stack.</returns>
    /// <exception cref="OpsException"><c>Maintenance.NameMissing</c>: it is not clear which one is meant.</exception>
    public static IReadOnlyList<string> Select(OpsStack stack, IReadOnlyList<string> names, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count > 0)
        {
            return WebServers.Select(stack, names, output);
        }

        if (stack.Maintenance?.MaintenanceMode is { Count: > 0 } configured)
        {
            return configured;
        }

        var servers = stack.WebServers.Where(server => server.Value.Engine == "nginx").Select(server => server.Key).ToList();
        return servers.Count == 1
            ? servers
            : throw new OpsException(
                "Maintenance.NameMissing",
                OpsErrorKind.InvalidArgument,
                servers.Count == 0 ? $"The stack '{stack.Name}' has no nginx." : $"The stack '{stack.Name}' has several web servers: {string.Join(", ", servers)}.",
                servers.Count == 0 ? "Add it to 'webServers' in the stack file." : "Name those that are meant, here or in 'maintenance.maintenanceMode' of the stack file.");
    }

    /// <summary>What visitors get, as the stack file says: page, time to come back, who is let in, and the paths of the web server's own checks.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="name">Name of the web server.</param>
    /// <returns>A request for all sites.</returns>
    public static MaintenanceRequest DefaultRequest(OpsStack stack, string name)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var paths = (stack.WebServers.GetValueOrDefault(name)?.Health ?? [])
            .Select(check => Uri.TryCreate(check.Url, UriKind.Absolute, out var url) ? url.AbsolutePath : "/")
            .Where(path => path != "/")
            .Distinct(StringComparer.Ordinal);
        return new MaintenanceRequest
        {
            Page = stack.Maintenance?.Page,
            RetryAfter = stack.Maintenance?.RetryAfter ?? MaintenanceRequest.DefaultRetryAfter,
            Allow = stack.Maintenance?.Allow ?? [],
            OpenPaths = [.. paths],
        };
    }

    /// <summary>Has sites answer 503. Sites that do so already in the same way stay as they are.</summary>
    /// <param name="request">What visitors get.</param>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>What is in force now; null when it was only planned, or declined.</returns>
    /// <exception cref="OpsException"><c>Maintenance.…</c>: the files are as they were.</exception>
    public async Task<MaintenanceModeChange?> EnableAsync(MaintenanceRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        await using var servers = await OpenAsync(cancellationToken);
        var plans = new List<MaintenanceEdit>();
        foreach (var server in servers.All)
        {
            plans.Add(await server.PlanEnableAsync(request, cancellationToken));
        }

        var sites = Names(plans);
        WarnOfUnused(request.Sites, plans);
        if (changes.IsWhatIf)
        {
            await PlanAsync("Enable maintenance mode", plans, cancellationToken);
            return null;
        }

        var change = Change("Enable maintenance mode", plans, sites, isEnabled: plans.TrueForAll(plan => plan.Files.Count == 0));
        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return null;
        }

        var done = await changes.RunAsync(change, token => EnableAsync(servers, request, token), _ => Result(isEnabled: true, sites), cancellationToken);
        var changed = done.Exists(edit => edit.Files.Count > 0);
        return Describe(done, isEnabled: true, changed, changed ? $"{Count(sites)} answered with 503" : $"{Count(sites)} answered with 503 already") with
        {
            RetryAfter = request.RetryAfter,
            Allow = request.Allow,
            OpenPaths = request.OpenPaths,
            Page = request.Page,
        };
    }

    /// <summary>Lets visitors in again. Where nothing is closed, nothing is done.</summary>
    /// <param name="sites">Sites by server name, with wildcards; empty for all.</param>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>What is in force now; null when it was only planned, or declined.</returns>
    /// <exception cref="OpsException"><c>Maintenance.…</c>: the sites stay as they are.</exception>
    public async Task<MaintenanceModeChange?> DisableAsync(IReadOnlyList<string> sites, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sites);
        await using var servers = await OpenAsync(cancellationToken);
        var plans = new List<MaintenanceEdit>();
        foreach (var server in servers.All)
        {
            plans.Add(await server.PlanDisableAsync(sites, cancellationToken));
        }

        WarnOfOthers(plans);
        if (plans.TrueForAll(plan => plan.Files.Count == 0 && !plan.IsPending))
        {
            return changes.IsWhatIf ? null : Describe(plans, isEnabled: false, changed: false, "maintenance mode was not on: nothing was changed");
        }

        if (changes.IsWhatIf)
        {
            await PlanAsync("Disable maintenance mode", plans, cancellationToken);
            return null;
        }

        var names = Names(plans);
        var change = Change("Disable maintenance mode", plans, names, isEnabled: true);
        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return null;
        }

        // Containers may share their files. The comment that is left in them has each nginx told, and goes at last.
        var done = await changes.RunAsync(
            change,
            async token =>
            {
                var edits = new List<MaintenanceEdit>();
                foreach (var server in servers.All)
                {
                    edits.Add(await server.DisableAsync(sites, token));
                }

                await FinishAsync(servers);
                return edits;
            },
            _ => Result(isEnabled: false, names),
            cancellationToken);
        return Describe(done, isEnabled: false, changed: true, names.Count > 0 ? $"visitors reach {string.Join(", ", names)} again" : "what an earlier run had begun is finished: visitors are let in again");
    }

    private static async Task<List<MaintenanceEdit>> EnableAsync(Servers servers, MaintenanceRequest request, CancellationToken cancellationToken)
    {
        var done = new List<MaintenanceEdit>();
        foreach (var server in servers.All)
        {
            try
            {
                done.Add(await server.EnableAsync(request, cancellationToken));
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                // Visitors are let in by all or by none. Where it was on before this call, it stays.
                foreach (var (earlier, _) in servers.All.Zip(done).Where(pair => pair.Second is { Files.Count: > 0, IsPending: false }))
                {
                    await earlier.DisableAsync(request.Sites, CancellationToken.None);
                    await earlier.FinishAsync();
                }

                throw;
            }
        }

        return done;
    }

    private async Task FinishAsync(Servers servers)
    {
        foreach (var server in servers.All)
        {
            try
            {
                await server.FinishAsync();
            }
            catch (OpsException error)
            {
                output.Warning($"Visitors are let in again, but a comment '# opsrunbook: maintenance … ended' is left in the configuration of '{name}': {error.Message} The next Disable-MaintenanceMode takes it away.");
            }
        }
    }

    private async Task<Servers> OpenAsync(CancellationToken cancellationToken)
    {
        WebServers.RequireNginx(session.Stack, name);
        var instances = await NginxInstances.OpenAsync(session, name, cancellationToken);
        return instances.All.Count > 0
            ? new Servers(instances, [.. instances.All.Select(instance => new NginxMaintenance(instance, _owner))])
            : throw new OpsException("Maintenance.WebServerDown", OpsErrorKind.OperationFailed, $"No container of '{name}' runs.", "Start it.", name);
    }

    private async Task PlanAsync(string action, List<MaintenanceEdit> plans, CancellationToken cancellationToken)
    {
        foreach (var (site, lines) in plans.SelectMany(plan => plan.Lines))
        {
            await changes.PlanAsync(action, $"{name}: {site.Name}", _hostName, $"{site.Directive.File}:{site.Directive.Line}\n{lines}", cancellationToken);
        }

        await changes.PlanAsync("Reload", name, _hostName, "nginx -t; reload, and wait until only workers serve that know the change", cancellationToken);
    }

    private Change Change(string action, List<MaintenanceEdit> plans, List<string> sites, bool isEnabled) =>
        new(sites.Count > 0 ? $"{action} for {string.Join(", ", sites)}" : action, name, _hostName)
        {
            Before = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["maintenance"] = isEnabled ? "on" : "off",
                ["sites"] = string.Join(", ", sites),
                ["files"] = string.Join(", ", plans.SelectMany(plan => plan.Files.Keys).Distinct(StringComparer.Ordinal)),
            },
        };

    private static ChangeResult Result(bool isEnabled, List<string> sites) => new(JournalOutcome.Succeeded)
    {
        After = new Dictionary<string, string?>(StringComparer.Ordinal) { ["maintenance"] = isEnabled ? "on" : "off", ["sites"] = string.Join(", ", sites) },
    };

    private MaintenanceModeChange Describe(List<MaintenanceEdit> edits, bool isEnabled, bool changed, string message) => new()
    {
        Status = HealthStatus.Healthy,
        Name = name,
        Host = _hostName,
        Stack = session.Stack.Name,
        IsEnabled = isEnabled,
        Changed = changed,
        Sites = Names(edits),
        Files = edits.SelectMany(edit => edit.Files.Keys).Distinct(StringComparer.Ordinal).ToList(),
        Message = message,
        ChangedAt = DateTime.UtcNow,
    };

    // A name that means no site is not silently left out of a maintenance.
    private void WarnOfUnused(IReadOnlyList<string> wanted, List<MaintenanceEdit> plans)
    {
        var filter = new NameFilter(wanted);
        foreach (var site in plans.SelectMany(plan => plan.Sites))
        {
            filter.Includes([.. site.Names, site.Name, .. site.Listen]);
        }

        foreach (var error in filter.Unused("Maintenance.SiteNotFound", "site"))
        {
            output.Error(error);
        }
    }

    private void WarnOfOthers(List<MaintenanceEdit> plans)
    {
        foreach (var (site, owner) in plans.SelectMany(plan => plan.Others).Distinct())
        {
            output.Warning($"Site {site} is in maintenance by {owner}; that is ended with the stack that began it.");
        }
    }

    private static List<string> Names(List<MaintenanceEdit> edits) => edits.SelectMany(edit => edit.Sites).Select(site => site.Name).Distinct(StringComparer.Ordinal).ToList();

    private static string Count(List<string> sites) => sites.Count == 1 ? $"{sites[0]} is" : $"{sites.Count} sites are";

    private sealed record Servers(NginxInstances Instances, IReadOnlyList<NginxMaintenance> All) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Instances.DisposeAsync();
    }
}
