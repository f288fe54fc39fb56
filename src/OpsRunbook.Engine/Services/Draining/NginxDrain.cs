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

    /// <summary>Takes the owner's marks back and reloads. Without marks nothing is done.</summary>
    /// <param name="always">Reload without marks too: another nginx has the same files, and its marks were taken back.</param>
    /// <param name="cancellationToken">Ends the work before the file is written.</param>
    /// <returns>Whether there were marks.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: nginx goes on as before, and the marks are still there.</exception>
    public async Task<bool> UnmarkAsync(bool always, CancellationToken cancellationToken)
    {
        using var gate = await _editor.EnterAsync(cancellationToken);
        UpstreamServer? edited = null;
        var edit = await _editor.EditAsync(
            configuration =>
            {
                edited = NginxUpstreams.Of(configuration).Servers.FirstOrDefault(server => server.IsDown && server.Owner is null && UpstreamMark.IsMentioned(server.Comment, owner));
                return Task.FromResult<IReadOnlyDictionary<string, string>>(configuration.Files
                    .Select(file => (Path: file.Key, Before: Encoding.Latin1.GetString(file.Value)))
                    .Select(file => (file.Path, file.Before, After: UpstreamMark.Remove(file.Before, owner)))
                    .Where(file => file.After != file.Before)
                    .ToDictionary(file => file.Path, file => file.After, StringComparer.Ordinal));
            },
            cancellationToken);
        var hadMarks = edit.Files.Count > 0;
        if (hadMarks || always)
        {
            await _editor.EnforceAsync(edit, cancellationToken);
        }

        return edited is null
            ? hadMarks
            : throw new OpsException(
                "Drain.MarkEdited",
                OpsErrorKind.InvalidData,
                $"Server {edited.Name} of upstream {edited.Upstream} ({edited.File}:{edited.Line} on {host.Name}) is still down: somebody has edited the line with our mark.",
                "Take 'down' out of it by hand, and reload nginx.",
                edited.File);
    }
}
