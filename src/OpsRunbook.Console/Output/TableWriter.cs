using System.Text;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>Tables as Format-Table lays them out, row by row; a type without a view, or every type when asked to, as a list of its properties.</summary>
/// <param name="output">Takes the text.</param>
/// <param name="formatFile">The module's format file.</param>
/// <param name="width">Cells of a line.</param>
/// <param name="colours">Leave colour sequences in.</param>
/// <param name="onTerminal">Text results are made harmless for a terminal.</param>
/// <param name="lists">Write lists even where there is a view.</param>
internal sealed class TableWriter(TextWriter output, string formatFile, int width, bool colours, bool onTerminal, bool lists) : IResultWriter
{
    private readonly Dictionary<Type, TableView?> _views = [];
    private TableView? _current;
    private IReadOnlyList<(TableColumn Column, int Width)> _columns = [];
    private bool _wroteBefore;

    public void Write(object item)
    {
        if (item is string text)
        {
            _current = null;
            output.WriteLine(onTerminal ? string.Join(Environment.NewLine, text.Split('\n').Select(line => Display.Text(line.TrimEnd('\r')))) : text);
        }
        else if (item is ValueType && item.GetType().IsPrimitive)
        {
            _current = null;
            output.WriteLine(TableView.Plain(item));
        }
        else if (!lists && ViewOf(item.GetType()) is { } view)
        {
            WriteRow(view, item);
        }
        else
        {
            WriteList(item);
        }

        _wroteBefore = true;
    }

    public void End()
    {
        // Every row is already there.
    }

    private void WriteRow(TableView view, object item)
    {
        if (!ReferenceEquals(_current, view))
        {
            _current = view;
            _columns = Layout(view);
            WriteBlankBetween();
            WriteLine((column, cells) => CellText.Fit(column.Label, cells, column.RightAligned));
            WriteLine((column, cells) => CellText.Fit(new string('-', CellText.Width(column.Label)), cells, column.RightAligned));
        }

        WriteLine((column, cells) => CellText.Fit(colours ? column.Read(item) : CellText.Strip(column.Read(item)), cells, column.RightAligned));
    }

    private void WriteLine(Func<TableColumn, int, string> cell) =>
        output.WriteLine(string.Join(' ', _columns.Select(column => cell(column.Column, column.Width))).TrimEnd());

    private void WriteList(object item)
    {
        _current = null;
        WriteBlankBetween();
        var properties = ResultProperties.Values(item).Select(pair => (Name: Display.Text(pair.Name), pair.Value)).ToList();
        var longest = properties.Count == 0 ? 0 : properties.Max(property => property.Name.Length);
        var line = new StringBuilder();
        foreach (var (name, value) in properties)
        {
            line.Clear().Append(name.PadRight(longest)).Append(" : ");
            line.Append(colours && value is HealthStatus ? Display.Status(value) : TableView.Plain(value));
            output.WriteLine(line.ToString().TrimEnd());
        }
    }

    private void WriteBlankBetween()
    {
        if (_wroteBefore)
        {
            output.WriteLine();
        }
    }

    private List<(TableColumn Column, int Width)> Layout(TableView view)
    {
        // Columns that do not fit are left out from the right, as PowerShell does.
        var columns = view.Columns.ToList();
        while (columns.Count > 1 && columns.Sum(column => column.Width ?? 1) + columns.Count - 1 > width)
        {
            columns.RemoveAt(columns.Count - 1);
        }

        var open = columns.Count(column => column.Width is null);
        var left = Math.Max(width - (columns.Count - 1) - columns.Sum(column => column.Width ?? 0), open);
        var result = new List<(TableColumn, int)>();
        foreach (var column in columns)
        {
            var cells = column.Width ?? left / open;
            if (column.Width is null)
            {
                left -= cells;
                open--;
            }

            result.Add((column, Math.Min(cells, width)));
        }

        return result;
    }

    private TableView? ViewOf(Type type)
    {
        if (_views.TryGetValue(type, out var known))
        {
            return known;
        }

        var names = new List<string>();
        for (var ancestor = type; ancestor is not null; ancestor = ancestor.BaseType)
        {
            names.Add(ancestor.FullName ?? string.Empty);
        }

        var views = TableView.ReadAll(formatFile).Where(view => names.Contains(view.TypeName)).ToList();
        return _views[type] = names.Select(name => views.Find(view => view.TypeName == name)).FirstOrDefault(view => view is not null);
    }
}
