using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Databases;

/// <summary>What is known about an index before anything is made of it.</summary>
/// <param name="Schema">Schema.</param>
/// <param name="Table">Table.</param>
/// <param name="Index">Name.</param>
internal sealed partial record IndexFacts(string Schema, string Table, string Index)
{
    /// <summary>Its definition as SQL, or its columns.</summary>
    public required string Definition { get; init; }

    /// <summary>What makes two indexes of a table the same: kind, columns, order, condition.</summary>
    public required string Shape { get; init; }

    /// <summary>Order of creation, as far as it is known.</summary>
    public long Age { get; init; }

    /// <summary>Size in bytes; null when it is not known.</summary>
    public long? Bytes { get; init; }

    /// <summary>Uses; null when nobody counts.</summary>
    public long? Scans { get; init; }

    /// <summary>No two rows may have the same values.</summary>
    public bool Unique { get; init; }

    /// <summary>It is the primary key's.</summary>
    public bool Primary { get; init; }

    /// <summary>It can be used.</summary>
    public bool Valid { get; init; } = true;

    /// <summary>It is being built now.</summary>
    public bool Building { get; init; }

    /// <summary>What leans on it.</summary>
    public IReadOnlyList<string> NeededBy { get; init; } = [];

    /// <summary>It has the name that a concurrent rebuild gives its copies: https://www.postgresql.org/docs/15/sql-reindex.html.</summary>
    public bool IsLeftover => !Valid && !Building && NeededBy.Count == 0 && CopyName().IsMatch(Index);

    [GeneratedRegex(@"_cc(new|old)\d*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CopyName();
}
