using System.Globalization;

namespace OpsRunbook.Engine.Stacks;

/// <summary>A node of a YAML or JSON file that knows where it stands.</summary>
internal sealed class ConfigNode
{
    private ConfigNode(int line, int column) => (Line, Column) = (line, column);

    /// <summary>Line, from 1.</summary>
    public int Line { get; }

    /// <summary>Column, from 1.</summary>
    public int Column { get; }

    /// <summary>Text of a scalar; null for a mapping or a list.</summary>
    public string? Text { get; private init; }

    /// <summary>The scalar is written without quotes, so that it may be a number, a truth value or nothing.</summary>
    public bool IsPlain { get; private init; }

    /// <summary>Items of a list; null for the others.</summary>
    public List<ConfigNode>? Items { get; private init; }

    /// <summary>Entries of a mapping in the order of the file, each with the position of its key; null for the others.</summary>
    public List<(ConfigNode Key, ConfigNode Value)>? Entries { get; private init; }

    /// <summary>Number of nodes below this one, itself included, with every alias counted as if it were written out.</summary>
    public long Weight { get; set; } = 1;

    /// <summary>A scalar that stands for nothing.</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";

    /// <summary>What it is, for messages.</summary>
    public string Kind => Entries is not null ? "a mapping"
        : Items is not null ? "a list"
        : IsNull ? "nothing"
        : "text";

    public static ConfigNode Scalar(string text, bool plain, int line, int column) => new(line, column) { Text = text, IsPlain = plain };

    public static ConfigNode List(int line, int column) => new(line, column) { Items = [] };

    public static ConfigNode Mapping(int line, int column) => new(line, column) { Entries = [] };

    /// <summary>The value under a key; null when this is not a mapping or has no such key.</summary>
    public ConfigNode? Find(string key)
    {
        foreach (var entry in Entries ?? [])
        {
            if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal))
            {
                return entry.Value;
            }
        }

        return null;
    }

    /// <summary>Text of the scalar under a key; null when there is none.</summary>
    public string? FindText(string key) => Find(key) is { IsNull: false } node ? node.Text : null;

    public override string ToString() => Text ?? string.Create(CultureInfo.InvariantCulture, $"{Kind} on line {Line}");
}
