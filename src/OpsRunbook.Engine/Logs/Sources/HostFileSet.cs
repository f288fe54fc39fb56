using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>Finds the log files that paths, patterns and folders stand for on another host.</summary>
internal static class HostFileSet
{
    /// <summary>Finds files.</summary>
    /// <param name="host">The host.</param>
    /// <param name="paths">Absolute files, folders, and patterns with <c>*</c> and <c>?</c>.</param>
    /// <param name="output">Takes an error for each path that stands for nothing.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>Full paths, each once.</returns>
    public static async Task<IReadOnlyList<string>> FindAsync(IHost host, IEnumerable<string> paths, IOperationOutput output, CancellationToken cancellationToken)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            try
            {
                // What has files in it is a folder.
                var matches = await host.FindFilesAsync(path, cancellationToken);
                var isPattern = path.AsSpan().IndexOfAny('*', '?') >= 0;
                var inside = isPattern || matches.Count == 0 ? [] : await host.FindFilesAsync(path.TrimEnd('/') + "/*", cancellationToken);
                var files = inside.Count > 0 ? inside.Where(LogFileSet.MayBeLog).ToList() : matches;
                found.UnionWith(files);
                if (files.Count == 0)
                {
                    output.Error(LogErrors.NotFound($"{host.Name}:{path}"));
                }
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }

        return [.. found];
    }

    /// <summary>The older parts of logs, whenever they were written.</summary>
    /// <param name="host">The host.</param>
    /// <param name="files">Full paths of the logs.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>Full paths that are not among the logs.</returns>
    /// <exception cref="OpsException">The host cannot be asked.</exception>
    public static async Task<IReadOnlyList<string>> FindRotatedAsync(IHost host, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var pattern = Path.Combine(Path.GetDirectoryName(file) ?? "/", Path.GetFileNameWithoutExtension(file) + "*");
            var matches = await host.FindFilesAsync(pattern, cancellationToken);
            found.UnionWith(matches.Where(match => RotatedLogs.IsOf(Path.GetFileName(match), Path.GetFileName(file))));
        }

        found.ExceptWith(files);
        return [.. found];
    }
}
