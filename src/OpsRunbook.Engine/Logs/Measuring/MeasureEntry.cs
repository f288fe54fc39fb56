namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>What is counted under one key.</summary>
/// <param name="key">The key.</param>
internal sealed class MeasureEntry(byte[] key) : KeyEntry(key)
{
    /// <summary>More different keys are counted together.</summary>
    public const int Most = 50_000;

    /// <summary>How many records.</summary>
    public long Count { get; set; }

    /// <summary>UTC ticks of the earliest; 0 for none with a time.</summary>
    public long First { get; set; }

    /// <summary>UTC ticks of the latest.</summary>
    public long Last { get; set; }

    /// <summary>The gravest level.</summary>
    public LogLevel Level { get; set; }

    /// <summary>A message.</summary>
    public string Example { get; set; } = string.Empty;

    /// <summary>Counts over time.</summary>
    public RateSeries Rate { get; } = new();

    /// <summary>A table of such entries.</summary>
    /// <returns>The table, empty.</returns>
    public static KeyTable<MeasureEntry> Table() => new(Most, key => new MeasureEntry(key));

    /// <summary>Counts a record.</summary>
    /// <param name="ticks">UTC ticks; 0 for none.</param>
    /// <param name="level">Its level.</param>
    public void Add(long ticks, LogLevel level)
    {
        Count++;
        Level = level > Level ? level : Level;
        if (ticks > 0)
        {
            First = First == 0 || ticks < First ? ticks : First;
            Last = ticks > Last ? ticks : Last;
            Rate.Add(ticks);
        }
    }

    /// <summary>Adds what another thread counted under the same key.</summary>
    /// <param name="other">The other.</param>
    public void Add(MeasureEntry other)
    {
        if (Count == 0)
        {
            Example = other.Example;
        }

        // The example is the earliest one, so that it does not depend on which thread was quicker.
        if (other.First > 0 && (First == 0 || other.First < First))
        {
            First = other.First;
            Example = other.Example;
        }

        Count += other.Count;
        Last = Math.Max(Last, other.Last);
        Level = other.Level > Level ? other.Level : Level;
        Rate.Add(other.Rate);
    }
}
