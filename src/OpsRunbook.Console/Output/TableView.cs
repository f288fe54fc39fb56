using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Xml;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>One column of a table view.</summary>
/// <param name="Label">Heading.</param>
/// <param name="Width">Fixed width in character cells; null for what is left over.</param>
/// <param name="RightAligned">Numbers stand at the right.</param>
/// <param name="Read">The text of a cell; it may hold colour sequences.</param>
internal sealed record TableColumn(string Label, int? Width, bool RightAligned, Func<object, string> Read);

/// <summary>The table view of a type, from the same file that PowerShell uses.</summary>
/// <param name="TypeName">Full name of the type.</param>
/// <param name="Columns">Columns from left to right.</param>
internal sealed record TableView(string TypeName, IReadOnlyList<TableColumn> Columns)
{
    private const string ScriptPrefix = "[OpsRunbook.Display]::";

    /// <summary>Reads all views of a format file.</summary>
    /// <param name="path">A <c>Format.ps1xml</c> file.</param>
    /// <returns>The views, in the order of the file.</returns>
    public static IEnumerable<TableView> ReadAll(string path)
    {
        using var reader = XmlReader.Create(path, new XmlReaderSettings { IgnoreComments = true, IgnoreWhitespace = true });
        while (reader.ReadToFollowing("View"))
        {
            using var view = reader.ReadSubtree();
            if (Read(view) is { } table)
            {
                yield return table;
            }
        }
    }

    /// <summary>What a cell's script block calls.</summary>
    /// <param name="script">Of the form <c>[OpsRunbook.Display]::Method($_.Property)</c>.</param>
    /// <returns>Method and property; null when the block has another form or there is no such method.</returns>
    public static (MethodInfo Method, string Property)? ParseScript(string script)
    {
        const string Argument = "($_.";
        var open = script.IndexOf(Argument, StringComparison.Ordinal);
        if (!script.StartsWith(ScriptPrefix, StringComparison.Ordinal) || open < 0 || !script.EndsWith(')'))
        {
            return null;
        }

        var property = script[(open + Argument.Length)..^1];
        var method = typeof(Display).GetMethod(script[ScriptPrefix.Length..open], [typeof(object)]);
        return method is null || !property.All(char.IsAsciiLetterOrDigit) ? null : (method, property);
    }

    private static TableView? Read(XmlReader view)
    {
        string? type = null;
        var headers = new List<(string? Label, int? Width, bool Right)>();
        var items = new List<(string Kind, string Text)>();
        view.Read();
        while (!view.EOF)
        {
            switch (view.NodeType == XmlNodeType.Element ? view.Name : string.Empty)
            {
                case "TypeName":
                    type ??= view.ReadElementContentAsString().Trim();
                    break;
                case "TableColumnHeader":
                    headers.Add((null, null, false));
                    view.Read();
                    break;
                case "Label":
                    headers[^1] = headers[^1] with { Label = view.ReadElementContentAsString().Trim() };
                    break;
                case "Width":
                    headers[^1] = headers[^1] with { Width = view.ReadElementContentAsInt() };
                    break;
                case "Alignment" when headers.Count > 0 && items.Count == 0:
                    headers[^1] = headers[^1] with { Right = string.Equals(view.ReadElementContentAsString().Trim(), "Right", StringComparison.OrdinalIgnoreCase) };
                    break;
                case "PropertyName" or "ScriptBlock":
                    var kind = view.Name;
                    items.Add((kind, view.ReadElementContentAsString().Trim()));
                    break;
                case "ListControl" or "WideControl" or "CustomControl":
                    return null;
                default:
                    view.Read();
                    break;
            }
        }

        return type is null || headers.Count == 0
            ? null
            : new TableView(type, [.. headers.Zip(items, (header, item) => new TableColumn(header.Label ?? item.Text, header.Width, header.Right, Reader(item.Kind, item.Text)))]);
    }

    private static Func<object, string> Reader(string kind, string text)
    {
        if (kind == "PropertyName")
        {
            var property = Getter(text);
            return item => Plain(property(item));
        }

        if (ParseScript(text) is not { } script)
        {
            throw new InvalidDataException($"The format file's script block '{text}' has not the form [OpsRunbook.Display]::Method($_.Property).");
        }

        var show = script.Method.CreateDelegate<Func<object?, string>>();
        var get = Getter(script.Property);
        return item => show(get(item));
    }

    /// <summary>A value on one line: UTC times, short durations, lists by their items, nested objects by their text.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Text that is harmless on a terminal.</returns>
    public static string Plain(object? value) => value switch
    {
        DateTime => Display.Moment(value),
        TimeSpan => Display.Time(value),
        double number => number.ToString("0.##", CultureInfo.InvariantCulture),
        System.Collections.IDictionary table => Display.List(table.Keys),
        System.Collections.IEnumerable and not string => Display.List(value),
        _ => Display.Text(value),
    };

    private static Func<object, object?> Getter(string name)
    {
        var properties = new ConcurrentDictionary<Type, PropertyInfo?>();
        return item => properties.GetOrAdd(item.GetType(), static (type, key) => type.GetProperty(key), name)?.GetValue(item);
    }
}
