using System.Text.Json;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Reads pipeline items from standard input: JSON lines, one JSON array, or lines of text.</summary>
/// <param name="reader">Standard input.</param>
/// <param name="format">Its form.</param>
internal sealed class InputReader(TextReader reader, InputFormat format)
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, MaxDepth = 64 };
    private int _line;

    /// <summary>Reads the items as they come.</summary>
    /// <param name="onError">Takes a line that is not JSON; reading goes on.</param>
    /// <param name="onWaiting">Called once when nothing has come for a while.</param>
    /// <param name="cancellationToken">Ends the wait for input.</param>
    /// <returns>The items; a line of text as a JSON string.</returns>
    public IEnumerable<JsonElement> Read(Action<OpsException> onError, Action onWaiting, CancellationToken cancellationToken)
    {
        var form = format;
        while (NextLine(onWaiting, cancellationToken) is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            // The first line decides, and it cannot be a name of anything when it begins like JSON.
            form = form != InputFormat.Auto ? form : line.TrimStart()[0] is '{' or '[' or '"' ? InputFormat.Json : InputFormat.Text;
            if (form == InputFormat.Text)
            {
                yield return JsonSerializer.SerializeToElement(line);
                continue;
            }

            var isArray = line.TrimStart()[0] == '[';
            var text = isArray ? line + "\n" + WaitFor(reader.ReadToEnd, cancellationToken) : line;
            if (Parse(text, onError) is not { } element)
            {
                continue;
            }

            foreach (var item in element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : new[] { element })
            {
                yield return item;
            }
        }
    }

    // Reading a console stream cannot be cancelled; the wait for it can.
    private static string? WaitFor(Func<string?> read, CancellationToken cancellationToken)
    {
        try
        {
            return Task.Run(read, CancellationToken.None).WaitAsync(cancellationToken).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private string? NextLine(Action onWaiting, CancellationToken cancellationToken)
    {
        using var hint = _line > 0 ? null : new Timer(_ => onWaiting(), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        var line = WaitFor(reader.ReadLine, cancellationToken);
        _line++;
        return _line == 1 ? line?.TrimStart('\ufeff') : line;
    }

    private JsonElement? Parse(string text, Action<OpsException> onError)
    {
        try
        {
            return JsonElement.Parse(text, Lenient);
        }
        catch (JsonException error)
        {
            onError(new OpsException(
                "Input.NotJson",
                OpsErrorKind.InvalidData,
                $"Line {_line + (error.LineNumber ?? 0)} of standard input is not JSON: {error.Message.Split(" LineNumber:")[0]}",
                "Give one JSON object on each line, or one array; -InputFormat Text takes lines of text."));
            return null;
        }
    }
}
