using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>Finds what rotation made of a log: <c>app.log.1</c>, <c>app.log.2.gz</c>, <c>app.log-20260123</c>, <c>app__2026-01-23_00-00-00.log</c>.</summary>
internal static partial class RotatedLogs
{
    /// <summary>A file is an older part of another one.</summary>
    /// <param name="name">Name of the file, without its folder.</param>
    /// <param name="log">Name of the log that is written to.</param>
    /// <returns>False for what may be a log of its own, such as the one of the second instance of a program.</returns>
    public static bool IsOf(string name, string log)
    {
        var extension = Path.GetExtension(log);
        var stem = log[..^extension.Length];
        if (name == log || !name.StartsWith(stem, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = name[stem.Length..];
        rest = rest.EndsWith(".gz", StringComparison.Ordinal) ? rest[..^3] : rest;
        return (rest.StartsWith(extension, StringComparison.Ordinal) && Behind().IsMatch(rest[extension.Length..]))
            || (extension.Length > 0 && rest.EndsWith(extension, StringComparison.Ordinal) && Within().IsMatch(rest[..^extension.Length]));
    }

    /// <summary>The log that a file is an older part of, by its name alone.</summary>
    /// <param name="name">Name of the file, without its folder.</param>
    /// <returns>Name of the log that is written to; null when the file looks like no older part.</returns>
    public static string? LogOf(string name)
    {
        var packed = Packed().Match(name) is { Success: true } match ? name[..match.Index] : name;
        var extension = Path.GetExtension(packed);
        if (extension.Length > 1 && !char.IsAsciiDigit(extension[1]) && WithinEnd().Match(packed[..^extension.Length]) is { Success: true, Index: > 0 } within)
        {
            return packed[..within.Index] + extension;
        }

        return BehindEnd().Match(packed) is { Success: true, Index: > 0 } behind ? packed[..behind.Index] : packed == name ? null : packed;
    }

    /// <summary>The older parts of logs of this machine that reach into a time range.</summary>
    /// <param name="files">Full paths of the logs.</param>
    /// <param name="since">Beginning of the range, UTC. A file that was last written before it has nothing of it.</param>
    /// <returns>Full paths that are not among the logs.</returns>
    public static IReadOnlyList<string> Find(IReadOnlyList<string> files, DateTime since)
    {
        var known = files.ToHashSet(StringComparer.Ordinal);
        var found = new List<string>();
        foreach (var folder in files.GroupBy(file => Path.GetDirectoryName(file) ?? "/", StringComparer.Ordinal))
        {
            var names = folder.Select(Path.GetFileName).OfType<string>().ToList();
            try
            {
                found.AddRange(Directory.EnumerateFiles(folder.Key)
                    .Where(file => !known.Contains(file) && names.Exists(name => IsOf(Path.GetFileName(file), name)) && File.GetLastWriteTimeUtc(file) >= since));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A folder may be entered without being listed; the log itself is read then.
            }
        }

        return found;
    }

    // A number of whatever length, a date, or "old".
    [GeneratedRegex("^(?:[-._][0-9][-_.T0-9]*|\\.old)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Behind();

    // A short number before the extension is the number of an instance.
    [GeneratedRegex("^[-._]{1,2}[0-9]{4}-?[0-9]{2}-?[0-9]{2}[-_.T0-9]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Within();

    [GeneratedRegex("\\.(?:gz|xz|bz2|zst|lz4|Z)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Packed();

    [GeneratedRegex("(?:[-._][0-9][-_.T0-9]*|\\.old)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BehindEnd();

    [GeneratedRegex("[-._]{1,2}[0-9]{4}-?[0-9]{2}-?[0-9]{2}[-_.T0-9]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex WithinEnd();
}
