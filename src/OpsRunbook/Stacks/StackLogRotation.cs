namespace OpsRunbook;

/// <summary>How a log is rotated.</summary>
public sealed class StackLogRotation
{
    /// <summary>What rotates: <c>logrotate</c>, <c>docker</c>.</summary>
    [StackValue(OneOf = new[] { "logrotate", "docker" })]
    public string By { get; set; } = "logrotate";

    /// <summary>Configuration file of the rule; null for the tool's own.</summary>
    public string? Config { get; set; }

    /// <summary>How often: <c>hourly</c>, <c>daily</c>, <c>weekly</c>, <c>monthly</c>; null for by size only.</summary>
    [StackValue(OneOf = new[] { "hourly", "daily", "weekly", "monthly" })]
    public string? Every { get; set; }

    /// <summary>Rotated when larger, bytes; null for no limit.</summary>
    public long? MaxSize { get; set; }

    /// <summary>So many old files are kept; null for the tool's default.</summary>
    [StackValue(Minimum = 0, Maximum = 10000)]
    public int? Count { get; set; }

    /// <summary>Old files are compressed.</summary>
    public bool Compress { get; set; }

    /// <summary>The newest old file is compressed one turn later.</summary>
    public bool DelayCompress { get; set; }

    /// <summary>A log that is missing is no error.</summary>
    public bool MissingOk { get; set; }

    /// <summary>An empty log is left alone.</summary>
    public bool NotIfEmpty { get; set; }

    /// <summary>Mode, owner and group of the new file: <c>0644 app app</c>; null for the old file's.</summary>
    public string? Create { get; set; }

    /// <summary>Command, as an argument vector, that makes the writer reopen its log; null for none.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? After { get; set; }
}
