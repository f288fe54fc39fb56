namespace OpsRunbook.Engine.Hosts;

/// <summary>Quoting for a POSIX shell, which the SSH protocol hands every command to as one text.</summary>
internal static class PosixShell
{
    /// <summary>A text that the shell reads back as exactly these arguments.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <returns>One line of shell.</returns>
    public static string Quote(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quote));

    /// <summary>A text that the shell reads back as exactly this argument.</summary>
    /// <param name="argument">The argument.</param>
    /// <returns>A word of shell.</returns>
    public static string Quote(string argument) =>
        argument.Length > 0 && !argument.AsSpan().ContainsAnyExcept(Harmless)
            ? argument
            : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static readonly System.Buffers.SearchValues<char> Harmless =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,+@%");
}
