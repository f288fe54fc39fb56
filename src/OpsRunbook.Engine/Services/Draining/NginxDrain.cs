using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Services;

/// <summary>Takes servers out of the upstreams of one nginx, and puts them back.</summary>
/// <param name="host">Host of the nginx, or its container.</param>
/// <param name="target">The web server, as a process of that host.</param>
/// <param name="owner">Name of the marks, from <see cref="UpstreamMark.OwnerOf"/>.</param>
/// <param name="reload">Has its manager reload it; null for <c>nginx -s reload</c>.</param>
internal sealed class NginxDrain(IHost host, ServiceTarget target, string owner, Func<CancellationToken, Task>? reload)
{
    private readonly NginxEditor _editor = new(host, target, new NginxMarks("Drain", text => UpstreamMark.Remove(text, owner)), reload);

    /// <summary>Marks servers down and reloads.</summary>
    /// <param name="choose">Picks the servers; may refuse by an exception.</param>
    /// <param name="cancellationToken">Ends the work before the file is written.</param>
    /// <returns>The servers that are down for this owner now.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: nginx goes on as before, and the files are as they were.</exception>
    public async Task<IReadOnlyList<UpstreamServer>> MarkAsync(Func<NginxUpstreams, Task<IReadOnlyList<UpstreamServer>>> choose, CancellationToken cancellationToken)
    {
        using var gate = await _editor.EnterAsync(cancellationToken);
        await _editor.RequireValidAsync(": nothing was changed", cancellationToken);
        IReadOnlyList<UpstreamServer> chosen = [];
        var edit = await _editor.EditAsync(
            async configuration =>
            {
                var upstreams = NginxUpstreams.Of(configuration);
                chosen = await choose(upstreams);
                return chosen.Where(server => !server.IsDown).GroupBy(server => server.File, StringComparer.Ordinal).ToDictionary(
                    group => group.Key,
                    group => UpstreamMark.Add(Encoding.Latin1.GetString(configuration.Files[group.Key]), group.Select(server => server.End), owner),
                    StringComparer.Ordinal);
            },
            cancellationToken);

        // Marks of a killed run are there already, but perhaps nginx was never told.
        if (chosen.Count > 0)
        {
            await _editor.EnforceAsync(edit, cancellationToken);
        }

        return chosen;
    }

    /// <summary>
    /// Lets an owner's servers in again and reloads. Without marks, and without what a killed run has left, nothing is done. <see cref="FinishAsync"/> belongs to it:
    /// until then comments say that nginx may still have to be told, to the next run and to another nginx that has the same files.
    /// </summary>
    /// <param name="cancellationToken">Ends the work before the file is written.</param>
    /// <returns>A task that ends when it is in force.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: nginx goes on as before, and the marks are still there.</exception>
    public async Task UnmarkAsync(CancellationToken cancellationToken)
    {
        using var gate = await _editor.EnterAsync(cancellationToken);
        UpstreamServer? edited = null;
        var isPending = false;
        var edit = await _editor.EditAsync(
            configuration =>
            {
                edited = NginxUpstreams.Of(configuration).Servers.FirstOrDefault(server => server.IsDown && server.Owner is null && UpstreamMark.IsMentioned(server.Comment, owner));
                isPending |= configuration.Files.Values.Any(file => UpstreamMark.IsResumed(Encoding.Latin1.GetString(file), owner));
                return Changes(configuration, text => UpstreamMark.Resume(text, owner));
            },
            cancellationToken);
        if (edit.Files.Count > 0 || isPending)
        {
            await _editor.EnforceAsync(edit, cancellationToken);
        }

        if (edited is not null)
        {
            throw new OpsException(
                "Drain.MarkEdited",
                OpsErrorKind.InvalidData,
                $"Server {edited.Name} of upstream {edited.Upstream} ({edited.File}:{edited.Line} on {host.Name}) is still down: somebody has edited the line with our mark.",
                "Take 'down' out of it by hand, and reload nginx.",
                edited.File);
        }
    }

    /// <summary>Takes the comments away that <see cref="UnmarkAsync"/> left. Nothing changes for nginx, so that it is not told.</summary>
    /// <returns>A task that ends when the files are as they were before the drain.</returns>
    public async Task FinishAsync()
    {
        using var gate = await _editor.EnterAsync(CancellationToken.None);
        await _editor.EditAsync(
            configuration => Changes(configuration, text => UpstreamMark.Finish(text, owner)), CancellationToken.None);
    }

    private static Task<IReadOnlyDictionary<string, string>> Changes(NginxConfiguration configuration, Func<string, string> change) =>
        Task.FromResult<IReadOnlyDictionary<string, string>>(configuration.Files
            .Select(file => (Path: file.Key, Before: Encoding.Latin1.GetString(file.Value)))
            .Select(file => (file.Path, file.Before, After: change(file.Before)))
            .Where(file => file.After != file.Before)
            .ToDictionary(file => file.Path, file => file.After, StringComparer.Ordinal));
}
