using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Backups;

/// <summary>Names of what this module puts into a backup folder: <c>db-20260102T030405Z-7</c>, and <c>.db-20260102T030405Z-7.partial</c> until it is complete.</summary>
internal static partial class BackupName
{
    private const string Partial = ".partial";
    private const string LockStart = ".opsrunbook-";
    private const string LockEnd = ".lock";

    /// <summary>Name of a set.</summary>
    /// <param name="backup">Name of the backup in the stack, or its address.</param>
    /// <param name="started">Begin, UTC.</param>
    /// <param name="sequence">Number of the set.</param>
    /// <returns>The name of its folder.</returns>
    public static string Of(string backup, DateTime started, long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{FileName(backup)}-{started:yyyyMMdd'T'HHmmss'Z'}-{sequence}");

    /// <summary>Name of a set that is being written.</summary>
    /// <param name="name">Name of the set.</param>
    /// <returns>The temporary name.</returns>
    public static string Temporary(string name) => "." + name + Partial;

    /// <summary>Name of the file that is locked while a backup works.</summary>
    /// <param name="backup">Name of the backup in the stack, or its address.</param>
    /// <returns>The name.</returns>
    public static string Lock(string backup) => LockStart + FileName(backup) + LockEnd;

    /// <summary>It is the name of a lock file.</summary>
    /// <param name="name">Name in the folder.</param>
    /// <returns>True when it is.</returns>
    public static bool IsLock(string name) => name.StartsWith(LockStart, StringComparison.Ordinal) && name.EndsWith(LockEnd, StringComparison.Ordinal);

    /// <summary>It is the temporary name of a file that this module writes.</summary>
    /// <param name="name">Name in the folder.</param>
    /// <returns>True when it is.</returns>
    public static bool IsTemporaryFile(string name) => TemporaryFile().IsMatch(name);

    /// <summary>Takes the name of a set apart.</summary>
    /// <param name="name">Name in the folder, temporary or not.</param>
    /// <param name="backup">What <see cref="FileName"/> made of the backup's name.</param>
    /// <param name="sequence">Number of the set.</param>
    /// <param name="isTemporary">It is not complete.</param>
    /// <returns>True when it is such a name.</returns>
    public static bool TryParse(string name, out string backup, out long sequence, out bool isTemporary)
    {
        isTemporary = name.StartsWith('.') && name.EndsWith(Partial, StringComparison.Ordinal);
        var match = SetName().Match(isTemporary ? name[1..^Partial.Length] : name);
        backup = match.Groups[1].Value;
        sequence = 0;
        return match.Success && long.TryParse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
    }

    /// <summary>A name as it can stand in the name of a file.</summary>
    /// <param name="backup">Name of the backup in the stack, or its address.</param>
    /// <returns>Letters, digits, dots, dashes and underscores.</returns>
    public static string FileName(string backup) => Unusual().Replace(backup, "_").TrimStart('.', '-') is { Length: > 0 } name ? name : "_";

    [GeneratedRegex(@"^([A-Za-z0-9_][A-Za-z0-9._-]*)-\d{8}T\d{6}Z-(\d{1,18})$", RegexOptions.NonBacktracking)]
    private static partial Regex SetName();

    [GeneratedRegex("[^A-Za-z0-9._-]+", RegexOptions.NonBacktracking)]
    private static partial Regex Unusual();

    [GeneratedRegex(@"^\.opsrunbook\.[A-Za-z0-9]{6,}$", RegexOptions.NonBacktracking)]
    private static partial Regex TemporaryFile();
}
