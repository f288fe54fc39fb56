using System.Globalization;
using System.Text;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>Text measured in character cells of a terminal. Colour sequences take none.</summary>
internal static class CellText
{
    private const char Escape = '\u001b';
    private const char Ellipsis = '…';
    private const string Reset = "\u001b[0m";

    /// <summary>Pads or shortens to exactly the width.</summary>
    /// <param name="text">The text; it may hold colour sequences.</param>
    /// <param name="width">Cells.</param>
    /// <param name="right">Pad, and shorten, at the left.</param>
    /// <param name="pad">False leaves the right end ragged, for the last column.</param>
    /// <returns>The text.</returns>
    public static string Fit(string text, int width, bool right, bool pad = true)
    {
        var length = Width(text);
        if (length > width)
        {
            return right ? CutHead(Strip(text), width) : CutTail(text, width);
        }

        var blanks = new string(' ', width - length);
        return right ? blanks + text : pad ? text + blanks : text;
    }

    /// <summary>Number of cells.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Its width without colour sequences.</returns>
    public static int Width(string text)
    {
        var width = 0;
        foreach (var (_, cells) in Pieces(text))
        {
            width += cells;
        }

        return width;
    }

    /// <summary>Takes the colour sequences out.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The text alone.</returns>
    public static string Strip(string text) => text.Contains(Escape, StringComparison.Ordinal)
        ? string.Concat(Pieces(text).Select(piece => piece.Text).Where(piece => piece[0] != Escape))
        : text;

    private static string CutTail(string text, int width)
    {
        var (cut, used, coloured, full) = (new StringBuilder(), 0, false, false);
        foreach (var (piece, cells) in Pieces(text))
        {
            if (piece[0] == Escape)
            {
                coloured = piece != Reset;
                cut.Append(piece);
            }
            else if (!full && used + cells <= width - 1)
            {
                cut.Append(piece);
                used += cells;
            }
            else if (!full)
            {
                full = true;
                cut.Append(Ellipsis);
                used++;
            }
        }

        return cut.Append(coloured ? Reset : string.Empty).Append(' ', width - used).ToString();
    }

    private static string CutHead(string text, int width)
    {
        var pieces = Pieces(text).ToList();
        var (start, used) = (pieces.Count, 0);
        while (start > 0 && used + pieces[start - 1].Cells <= width - 1)
        {
            used += pieces[--start].Cells;
        }

        return new string(' ', width - used - 1) + Ellipsis + string.Concat(pieces.Skip(start).Select(piece => piece.Text));
    }

    private static IEnumerable<(string Text, int Cells)> Pieces(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (text[i] == Escape && text.IndexOf('m', i) is var end and > 0)
            {
                yield return (text[i..(end + 1)], 0);
                i = end + 1;
            }
            else
            {
                var length = StringInfo.GetNextTextElementLength(text, i);
                yield return (text.Substring(i, length), Cells(text, i));
                i += length;
            }
        }
    }

    private static int Cells(string text, int index)
    {
        if (text[index] < 0x300)
        {
            return 1;
        }

        _ = Rune.TryGetRuneAt(text, index, out var rune);
        return rune.Value is (>= 0x1100 and <= 0x115f) or (>= 0x2e80 and <= 0xa4cf) or (>= 0xac00 and <= 0xd7a3) or (>= 0xf900 and <= 0xfaff)
            or (>= 0xfe30 and <= 0xfe6f) or (>= 0xff00 and <= 0xff60) or (>= 0xffe0 and <= 0xffe6) or (>= 0x1f300 and <= 0x1faff) or (>= 0x20000 and <= 0x3fffd)
            ? 2
            : 1;
    }
}
