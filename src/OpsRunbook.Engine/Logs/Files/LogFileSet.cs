using System.IO.Enumeration;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>Finds the files that paths, patterns and folders stand for.</summary>
internal static class LogFileSet
{
    private static readonly string[] NoLogs = [".journal", ".pid", ".sock", ".lock", ".db", ".zip", ".tar", ".png", ".swp"];
    private static readonly EnumerationOptions Here = new() { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.None };

    /// <summary>Finds files.</summary>
    /// <param name="paths">Files, folders, and patterns with <c>*</c> and <c>?</c> in any part.</param>
    /// <param name="folder">Folder that relative paths are relative to.</param>
    /// <param name="output">Takes an error for each path that stands for nothing.</param>
    /// <returns>Full paths, each once, those that were written last at the end.</returns>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths, string folder, IOperationOutput output)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            try
            {
                var before = found.Count;
                var files = Expand(Path.GetFullPath(Home(path), folder)).ToList();
                found.UnionWith(files);
                if (files.Count == 0)
                {
                    output.Error(LogErrors.NotFound(path));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
            {
                output.Error(error is ArgumentException ? LogErrors.NotFound(path) : LogErrors.Of(path, error));
            }
        }

        return found.Count < 2 ? [.. found] : found.OrderBy(File.GetLastWriteTimeUtc).ThenBy(path => path, StringComparer.Ordinal).ToList();
    }

    /// <summary>A file of a folder of logs may be one, as far as its name tells.</summary>
    /// <param name="path">The file.</param>
    /// <returns>False for what is certainly none.</returns>
    public static bool MayBeLog(string path) =>
        !Path.GetFileName(path).StartsWith('.') && !NoLogs.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static string Home(string path) =>
        path.StartsWith("~/", StringComparison.Ordinal) ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..] : path;

    private static IEnumerable<string> Expand(string path)
    {
        if (Directory.Exists(path))
        {
            return Directory.EnumerateFiles(path, "*", Here).Where(IsLog);
        }

        if (path.AsSpan().IndexOfAny('*', '?') < 0 || File.Exists(path))
        {
            return File.Exists(path) ? [path] : [];
        }

        var parts = path.Split(Path.DirectorySeparatorChar);
        var fixedParts = parts.TakeWhile(part => part.AsSpan().IndexOfAny('*', '?') < 0).Count();
        return Match(string.Join(Path.DirectorySeparatorChar, parts[..fixedParts]) + Path.DirectorySeparatorChar, parts[fixedParts..]);
    }

    private static IEnumerable<string> Match(string folder, string[] patterns)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        return patterns.Length == 1
            ? Directory.EnumerateFiles(folder, "*", Here).Where(file => FileSystemName.MatchesSimpleExpression(patterns[0], Path.GetFileName(file), ignoreCase: false))
            : Directory.EnumerateDirectories(folder, "*", Here)
                .Where(child => FileSystemName.MatchesSimpleExpression(patterns[0], Path.GetFileName(child), ignoreCase: false))
                .SelectMany(child => Match(child, patterns[1..]));
    }

    // A folder of logs also holds what is none: sockets, pid files, the binary login records.
    private static bool IsLog(string path)
    {
        if (!MayBeLog(path) || File.GetAttributes(path).HasFlag(FileAttributes.Device))
        {
            return false;
        }

        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            var start = new byte[512];
            var text = start.AsSpan(0, file.Read(start));
            return text.StartsWith(new byte[] { 0x1f, 0x8b }) || !text.Contains((byte)0) || text.Contains((byte)'\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Reading it says so, with its name.
            return true;
        }
    }
}
