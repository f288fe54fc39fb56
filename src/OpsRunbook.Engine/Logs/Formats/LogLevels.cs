namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>The names and numbers that programs have for levels.</summary>
internal static class LogLevels
{
    private static readonly string[] OfErrors = ["err", "fatal", "crit", "panic", "emerg", "alert", "severe", "exception", "traceback", "unhandled", "uncaught"];

    /// <summary>Every text of at least this level contains one of these.</summary>
    /// <param name="minimum">The level.</param>
    /// <returns>Lower case; null when too many would be needed.</returns>
    public static IReadOnlyList<string>? Literals(LogLevel minimum) => minimum switch
    {
        LogLevel.Critical => ["fatal", "crit", "panic", "emerg", "alert"],
        LogLevel.Error => OfErrors,
        LogLevel.Warning => [.. OfErrors, "warn"],
        _ => null,
    };

    /// <summary>Reads a word such as <c>WARN</c>, <c>error</c> or <c>Information</c>.</summary>
    /// <param name="word">The word without brackets.</param>
    /// <returns><see cref="LogLevel.Unknown"/> when it is no level.</returns>
    public static LogLevel Parse(ReadOnlySpan<byte> word) => word.Length switch
    {
        3 when Is(word, "err"u8) => LogLevel.Error,
        3 when Is(word, "inf"u8) => LogLevel.Info,
        3 when Is(word, "wrn"u8) => LogLevel.Warning,
        3 when Is(word, "dbg"u8) => LogLevel.Debug,
        3 when Is(word, "ftl"u8) => LogLevel.Critical,
        4 when Is(word, "info"u8) => LogLevel.Info,
        4 when Is(word, "warn"u8) => LogLevel.Warning,
        4 when Is(word, "crit"u8) => LogLevel.Critical,
        4 when Is(word, "note"u8) => LogLevel.Notice,
        4 when Is(word, "http"u8) => LogLevel.Info,
        5 when Is(word, "error"u8) => LogLevel.Error,
        5 when Is(word, "debug"u8) => LogLevel.Debug,
        5 when Is(word, "fatal"u8) => LogLevel.Critical,
        5 when Is(word, "trace"u8) => LogLevel.Trace,
        5 when Is(word, "panic"u8) => LogLevel.Critical,
        5 when Is(word, "emerg"u8) => LogLevel.Critical,
        5 when Is(word, "alert"u8) => LogLevel.Critical,
        5 when Is(word, "silly"u8) => LogLevel.Trace,
        6 when Is(word, "notice"u8) => LogLevel.Notice,
        6 when Is(word, "severe"u8) => LogLevel.Error,
        6 when Is(word, "system"u8) => LogLevel.Notice,
        7 when Is(word, "warning"u8) => LogLevel.Warning,
        7 when Is(word, "verbose"u8) => LogLevel.Debug,
        8 when Is(word, "critical"u8) => LogLevel.Critical,
        9 when Is(word, "emergency"u8) => LogLevel.Critical,
        11 when Is(word, "information"u8) => LogLevel.Info,
        _ => LogLevel.Unknown,
    };

    /// <summary>Reads a number: syslog's 0 to 7, otherwise that of pino and bunyan (10 to 60).</summary>
    /// <param name="number">The number.</param>
    /// <returns>The level.</returns>
    public static LogLevel Parse(long number) => number switch
    {
        >= 0 and <= 2 => LogLevel.Critical,
        3 => LogLevel.Error,
        4 => LogLevel.Warning,
        5 => LogLevel.Notice,
        6 => LogLevel.Info,
        7 => LogLevel.Debug,
        < 0 or > 99 => LogLevel.Unknown,
        >= 60 => LogLevel.Critical,
        >= 50 => LogLevel.Error,
        >= 40 => LogLevel.Warning,
        >= 30 => LogLevel.Info,
        >= 20 => LogLevel.Debug,
        _ => LogLevel.Trace,
    };

    // The names are of small letters only, and each of these is set apart from its capital by one bit.
    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> level)
    {
        for (var i = 0; i < level.Length; i++)
        {
            if ((word[i] | 0x20) != level[i])
            {
                return false;
            }
        }

        return true;
    }
}
