using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.WebServer;

/// <summary>
/// Closes and opens sites of one nginx. Whatever moment a run is killed at, the files are valid and say what is to be done: marks mean that sites are
/// to be closed, whether or not nginx knows; the comment that a mark is replaced with at first means that nginx may still have to be told
/// that they are open.
/// </summary>
internal sealed class NginxMaintenance
{
    private readonly IHost _host;
    private readonly NginxEditor _editor;
    private readonly string _owner;

    /// <summary>Prepares for the edits of one owner.</summary>
    /// <param name="instance">The nginx.</param>
    /// <param name="owner">Whose maintenance it is.</param>
    public NginxMaintenance(NginxInstance instance, string owner)
    {
        (_host, _owner) = (instance.Host, owner);
        _editor = new NginxEditor(_host, instance.Target, new NginxMarks("Maintenance", text => MaintenanceMark.Remove(text, owner)), instance.Reload);
    }

    /// <summary>What closing sites would change, and whether it can be done at all.</summary>
    /// <param name="request">What visitors get.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The edit; not made yet.</returns>
    /// <exception cref="OpsException"><c>Maintenance.…</c>.</exception>
    public async Task<MaintenanceEdit> PlanEnableAsync(MaintenanceRequest request, CancellationToken cancellationToken)
    {
        await _editor.RequireValidAsync(": nothing was changed", cancellationToken);
        if (request.Page is { } page && await _host.ReadFileAsync(page, NginxConfiguration.MaximumBytes, cancellationToken) is null)
        {
            throw new OpsException(
                "Maintenance.PageMissing", OpsErrorKind.NotFound, $"The maintenance page {page} does not exist on {_host.Name}.", "Put it there, or go without -Page.", page);
        }

        return MaintenanceEdit.Enable(await _editor.ReadAsync(cancellationToken), _owner, request, new NameFilter(request.Sites));
    }

    /// <summary>Closes sites.</summary>
    /// <param name="request">What visitors get.</param>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>What was done; in force.</returns>
    /// <exception cref="OpsException"><c>Maintenance.…</c>: nginx goes on as before, and the files are as they were.</exception>
    public async Task<MaintenanceEdit> EnableAsync(MaintenanceRequest request, CancellationToken cancellationToken)
    {
        using var gate = await _editor.EnterAsync(cancellationToken);
        await _editor.RequireValidAsync(": nothing was changed", cancellationToken);
        MaintenanceEdit? done = null;
        var edit = await _editor.EditAsync(
            configuration =>
            {
                var next = MaintenanceEdit.Enable(configuration, _owner, request, new NameFilter(request.Sites));
                done = Merge(done, next);
                return Task.FromResult(next.Files);
            },
            cancellationToken);

        // Marks of a killed run are there already, but perhaps nginx was never told.
        await _editor.EnforceAsync(edit, cancellationToken);
        return done!;
    }

    /// <summary>What opening sites would change.</summary>
    /// <param name="sites">Sites by name, with wildcards; empty for all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The edit; not made yet.</returns>
    public async Task<MaintenanceEdit> PlanDisableAsync(IReadOnlyList<string> sites, CancellationToken cancellationToken) =>
        MaintenanceEdit.Disable(await _editor.ReadAsync(cancellationToken), _owner, sites.Count == 0 ? null : new NameFilter(sites));

    /// <summary>Opens sites. <see cref="FinishAsync"/> belongs to it.</summary>
    /// <param name="sites">Sites by name, with wildcards; empty for all.</param>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>What was done; in force.</returns>
    /// <exception cref="OpsException"><c>Maintenance.…</c>: nginx goes on as before, and the files are as they were.</exception>
    public async Task<MaintenanceEdit> DisableAsync(IReadOnlyList<string> sites, CancellationToken cancellationToken)
    {
        using var gate = await _editor.EnterAsync(cancellationToken);
        MaintenanceEdit? done = null;
        var edit = await _editor.EditAsync(
            configuration =>
            {
                var next = MaintenanceEdit.Disable(configuration, _owner, sites.Count == 0 ? null : new NameFilter(sites));
                done = Merge(done, next);
                return Task.FromResult(next.Files);
            },
            cancellationToken);
        if (edit.Files.Count > 0 || done!.IsPending)
        {
            await _editor.EnforceAsync(edit, cancellationToken);
        }

        return done!;
    }

    /// <summary>Takes the comments away that are left of what was opened. Nothing changes for nginx, so that it is not told.</summary>
    /// <returns>A task that ends when the files are as they were before maintenance.</returns>
    public async Task FinishAsync()
    {
        using var gate = await _editor.EnterAsync(CancellationToken.None);
        await _editor.EditAsync(configuration => Task.FromResult(MaintenanceEdit.Finish(configuration, _owner)), CancellationToken.None);
    }

    // When somebody else wrote meanwhile, a part is done already and not seen as a change any more.
    private static MaintenanceEdit Merge(MaintenanceEdit? first, MaintenanceEdit next) => first is null
        ? next
        : next with
        {
            Files = first.Files.Concat(next.Files).GroupBy(file => file.Key, StringComparer.Ordinal).ToDictionary(file => file.Key, file => file.Last().Value, StringComparer.Ordinal),
            Sites = first.Sites.Concat(next.Sites).DistinctBy(site => (site.Directive.File, site.Name)).ToList(),
            IsPending = first.IsPending || next.IsPending,
        };
}
