using System.Collections;
using System.Globalization;
using System.Reflection;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>RFC 4180 with a heading. The first result decides the columns; items of a list are separated by semicolons.</summary>
/// <param name="output">Takes the text.</param>
internal sealed class CsvResultWriter(TextWriter output) : IResultWriter
{
    private const string LineEnd = "\r\n";
    private IReadOnlyList<string>? _columns;

    public void Write(object item)
    {
        if (item is DbRow row)
        {
            WriteRow(row);
            return;
        }

        var properties = item is string || item.GetType().IsPrimitive ? [] : ResultProperties.Of(item.GetType());
        if (_columns is null)
        {
            _columns = properties.Count == 0 ? ["Value"] : [.. properties.Select(property => property.Name)];
            WriteLine(_columns);
        }

        WriteLine(properties.Count == 0 ? [Text(item)] : _columns.Select(column => Cell(properties, column, item)));
    }

    public void End()
    {
        // Every line is already there.
    }

    private void WriteRow(DbRow row)
    {
        if (_columns is null)
        {
            _columns = row.Columns;
            WriteLine(_columns);
        }

        // The rows of an answer share their columns, and there may be millions.
        WriteLine(ReferenceEquals(_columns, row.Columns) || _columns.SequenceEqual(row.Columns, StringComparer.Ordinal)
            ? row.Values.Select(Text)
            : _columns.Select(column => Text(row[column])));
    }

    private static string Cell(IReadOnlyList<PropertyInfo> properties, string column, object item) =>
        properties.FirstOrDefault(property => property.Name == column) is { } property ? Text(ResultProperties.Read(property, item)) : string.Empty;

    private static string Text(object? value) => value switch
    {
        DateTime moment => JsonValue.Moment(moment),
        TimeSpan duration => duration.ToString("c", CultureInfo.InvariantCulture),
        string text => text,
        byte[] bytes => Convert.ToBase64String(bytes),
        IDictionary table => string.Join("; ", table.Cast<DictionaryEntry>().Select(entry => $"{entry.Key}={Text(entry.Value)}")),
        IEnumerable list => string.Join("; ", list.Cast<object?>().Select(Text)),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty,
    };

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny("\",\r\n") >= 0 || text.StartsWith(' ') || text.EndsWith(' ') ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private void WriteLine(IEnumerable<string> cells) => output.Write(string.Join(',', cells.Select(Quote)) + LineEnd);
}
