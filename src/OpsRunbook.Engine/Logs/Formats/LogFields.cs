using System.Buffers.Text;
using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Gathers what a record says besides time, level and message.</summary>
internal sealed class LogFields
{
    /// <summary>What wrote it; null when the record does not say.</summary>
    public string? Service { get; set; }

    /// <summary>Where it was written; null when the record does not say.</summary>
    public string? Host { get; set; }

    /// <summary>The message when it is not what the head points to.</summary>
    public string? Message { get; set; }

    /// <summary>The fields; null while there is none.</summary>
    public Dictionary<string, object?>? Values { get; private set; }

    /// <summary>Adds a field. Of two with one name the first stays: a second may have been smuggled into the text.</summary>
    /// <param name="name">The format's name for it.</param>
    /// <param name="value">Its value.</param>
    public void Add(string name, object? value) => (Values ??= new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase)).TryAdd(name, value);

    /// <summary>Adds a text unless it is empty or a lone hyphen, with which many formats say "nothing".</summary>
    /// <param name="name">The format's name for it.</param>
    /// <param name="value">Its bytes.</param>
    public void AddText(string name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty && !value.SequenceEqual("-"u8))
        {
            Add(name, Encoding.UTF8.GetString(value));
        }
    }

    /// <summary>Adds a number, or the text when it is none.</summary>
    /// <param name="name">The format's name for it.</param>
    /// <param name="value">Its bytes.</param>
    public void AddNumber(string name, ReadOnlySpan<byte> value)
    {
        if (Number(value) is { } number)
        {
            Add(name, number);
        }
        else
        {
            AddText(name, value);
        }
    }

    /// <summary>Reads a whole or broken number.</summary>
    /// <param name="value">Its bytes.</param>
    /// <returns>A <see cref="long"/> or <see cref="double"/>; null when it is no number.</returns>
    public static object? Number(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out long whole, out var used) && used == value.Length ? whole
        : Utf8Parser.TryParse(value, out double broken, out used) && used == value.Length && double.IsFinite(broken) ? broken
        : null;
}
