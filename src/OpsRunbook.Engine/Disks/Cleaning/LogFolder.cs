using System.IO.Enumeration;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>A folder in which logs are, as the stack or the operator names it.</summary>
/// <param name="Path">The folder, without any link in it.</param>
/// <param name="Name">Name or pattern of the logs; null for everything in the folder and below.</param>
/// <param name="Keep">Their older parts are kept for so long; null when nobody says.</param>
internal sealed record LogFolder(string Path, string? Name, TimeSpan? Keep)
{
    // What a name stands for is found out where it is. A pattern may be in the name only, or in the folders.
    private const string ResolveScript = """
        for f do
          if [ -d "$f" ]; then printf 'd\0%s\0\0' "$(readlink -f -- "$f")"; continue; fi
          d=$(dirname -- "$f")
          [ -d "$d" ] && printf 'f\0%s\0%s\0' "$(readlink -f -- "$d")" "$(basename -- "$f")"
        done
        :
        """;

    /// <summary>The folders that names mean.</summary>
    /// <param name="host">Their host.</param>
    /// <param name="paths">Absolute files, folders, and patterns with <c>*</c> and <c>?</c>.</param>
    /// <param name="keep">Their older parts are kept for so long; null when nobody says.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The folders; none for what is not there.</returns>
    public static async Task<IReadOnlyList<LogFolder>> ResolveAsync(IHost host, IEnumerable<string> paths, TimeSpan? keep, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        foreach (var path in paths.Where(path => path.StartsWith('/')))
        {
            var folder = System.IO.Path.GetDirectoryName(path.TrimEnd('/')) ?? "/";
            var name = System.IO.Path.GetFileName(path);
            names.AddRange(folder.AsSpan().IndexOfAny('*', '?') < 0 || name.Length == 0
                ? [path]
                : (await host.FindFilesAsync(folder, cancellationToken)).Select(found => System.IO.Path.Combine(found, name)));
        }

        if (names.Count == 0)
        {
            return [];
        }

        var answer = await host.RunAsync(new HostCommand(["sh", "-c", ResolveScript, "sh", .. names]), cancellationToken);
        // The root folder is no folder of logs, whoever says so.
        return answer.StandardOutput.Split('\0').Chunk(3).Where(part => part.Length == 3 && part[1] != "/")
            .Select(part => new LogFolder(part[1], part[0] == "d" ? null : part[2], keep))
            .Distinct()
            .ToList();
    }

    /// <summary>What is in a folder may be meant.</summary>
    /// <param name="folder">The folder, without any link in it.</param>
    /// <returns>True when it may.</returns>
    public bool Covers(string folder) => folder == Path || (Name is null && folder.StartsWith(Path.TrimEnd('/') + "/", StringComparison.Ordinal));

    /// <summary>A log of that name is meant.</summary>
    /// <param name="log">Its name.</param>
    /// <param name="siblings">The names in its folder.</param>
    /// <returns>True when it is.</returns>
    public bool Includes(string log, IReadOnlySet<string> siblings) => Name is null
        ? siblings.Contains(log) || System.IO.Path.GetExtension(log) is ".log" or ".err" or ".out" or ".error" or ".access"
        : FileSystemName.MatchesSimpleExpression(Name.Replace("\\", "\\\\", StringComparison.Ordinal), log, ignoreCase: false);
}
