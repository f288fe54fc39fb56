namespace OpsRunbook.Engine.Logs.Loki;

/// <summary>An entry as Loki gives it.</summary>
/// <param name="Nanoseconds">Its time, nanoseconds since 1970.</param>
/// <param name="Line">The line.</param>
/// <param name="Stream">Its labels as one text, by which streams are told apart.</param>
/// <param name="Labels">Labels of its stream, and its structured metadata.</param>
internal sealed record LokiEntry(long Nanoseconds, string Line, string Stream, IReadOnlyDictionary<string, object?> Labels)
{
    private const long NanosecondsOfTick = 100;

    /// <summary>Its time, UTC.</summary>
    public DateTime Time => DateTime.UnixEpoch.AddTicks(Nanoseconds / NanosecondsOfTick);

    /// <summary>What tells it from every other entry. Loki keeps but one of several that are the same in all of it.</summary>
    public (long, string, string) Identity => (Nanoseconds, Stream, Line);

    /// <summary>A time as Loki counts it.</summary>
    /// <param name="time">UTC.</param>
    /// <returns>Nanoseconds since 1970.</returns>
    public static long Count(DateTime time) => (time - DateTime.UnixEpoch).Ticks * NanosecondsOfTick;
}
