namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Recognises the format of a log by its first lines.</summary>
internal static class LogFormats
{
    /// <summary>So many bytes of a log are looked at.</summary>
    public const int SampleBytes = 64 * 1024;

    private const int SampleRecords = 200;
    private const double Least = 0.25;
    private const double Decisive = 0.9;

    // The particular before the general: a line of PostgreSQL is also a plain line with a time.
    private static readonly LogFormat[] Known =
    [
        JsonFormat.Instance, AccessFormat.Instance, RedisFormat.Instance, MySqlSlowFormat.Instance, PostgresCsvFormat.Instance,
        PostgresFormat.Instance, WebErrorFormat.Instance, MySqlErrorFormat.Instance, SyslogFormat.Instance, PlainFormat.WithTime,
    ];

    /// <summary>Recognises a log.</summary>
    /// <param name="sample">Its beginning.</param>
    /// <returns>The format that fits most of its records.</returns>
    public static LogFormat Recognise(ReadOnlySpan<byte> sample)
    {
        if (sample.StartsWith("\uFEFF"u8))
        {
            sample = sample[3..];
        }

        var (best, most) = ((LogFormat)PlainFormat.Instance, Least);
        foreach (var format in Known)
        {
            // One that is tried later is more general, and must fit clearly better.
            var share = Share(format, sample);
            if (share > most * 1.1)
            {
                (best, most) = (format, share);
            }

            if (share >= Decisive)
            {
                break;
            }
        }

        return best;
    }

    // How many of the records that the format sees are of the format.
    private static double Share(LogFormat format, ReadOnlySpan<byte> sample)
    {
        var clock = new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc);
        var (fitting, records) = (0, 0);
        while (!sample.IsEmpty && records < SampleRecords)
        {
            var length = format.RecordLength(sample);
            var record = sample[..length].Trim("\r\n\0"u8);
            sample = sample[length..];
            if (!record.IsEmpty)
            {
                records++;
                fitting += format.TryReadHead(record, clock, out _) ? 1 : 0;
            }
        }

        return records == 0 ? 0 : (double)fitting / records;
    }
}
