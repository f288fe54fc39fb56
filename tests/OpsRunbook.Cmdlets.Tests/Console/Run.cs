using OpsRunbook.ConsoleRunner;
using OpsRunbook.ConsoleRunner.Binding;

namespace OpsRunbook.Cmdlets.Tests.Runner;

/// <summary>What a run of the console runner left behind.</summary>
internal sealed record Run(int ExitCode, string Out, string Error)
{
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Run Of(params string[] args) => With(new Setting(), args);

    /// <summary>Runs with standard input.</summary>
    public static Run With(string input, params string[] args) => With(new Setting { Input = input }, args);

    public static Run With(Setting setting, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal
        {
            Out = output,
            Error = error,
            OpenInput = () => new StringReader(setting.Input ?? string.Empty),
            InputMayHoldItems = setting.Input is not null,
            Width = setting.Width,
            OutHasColours = setting.Colours,
            OutIsTerminal = setting.Colours,
            ErrorIsTerminal = setting.Colours,
            Ask = setting.Ask,
        };
        var code = OpsRunbookConsole.Run(args, terminal, new CommandCatalog(typeof(Run).Assembly));
        return new Run(code, output.ToString(), error.ToString());
    }
}

internal sealed record Setting
{
    /// <summary>Standard input; null is a terminal or /dev/null, which hold no items.</summary>
    public string? Input { get; init; }

    public int Width { get; init; } = 120;

    public bool Colours { get; init; }

    public Func<string, bool, string?>? Ask { get; init; }
}
