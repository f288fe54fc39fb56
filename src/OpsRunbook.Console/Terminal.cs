using System.Text;

namespace OpsRunbook.ConsoleRunner;

/// <summary>The three standard streams and what is known about who reads and writes them.</summary>
internal sealed class Terminal
{
    private const int DefaultWidth = 120;
    private const int Narrowest = 20;
    private const string ControllingTerminal = "/dev/tty";
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Everything that is said about them.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens standard input.</summary>
    public required Func<TextReader> OpenInput { get; init; }

    /// <summary>Cells of a line.</summary>
    public int Width { get; init; } = DefaultWidth;

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>A person may use colours and see them.</summary>
    public bool OutHasColours { get; init; }

    public bool ErrorHasColours { get; init; }

    /// <summary>Standard input is a pipe, a socket or a file: something that may hold pipeline input.</summary>
    public bool InputMayHoldItems { get; init; }

    /// <summary>Asks the person at the terminal; null when there is none.</summary>
    public Func<string, bool, string?>? Ask { get; init; }

    /// <summary>The terminal that this process was started on.</summary>
    /// <returns>The streams.</returns>
    public static Terminal Current()
    {
        var (outIsTerminal, errorIsTerminal) = (!Console.IsOutputRedirected, !Console.IsErrorRedirected);
        var colours = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is var term && term != "dumb";
        return new Terminal
        {
            Out = new StreamWriter(StandardOutput.Open(), Utf8, 16 * 1024) { NewLine = "\n" },
            Error = new StreamWriter(Console.OpenStandardError(), Utf8) { AutoFlush = true, NewLine = "\n" },
            OpenInput = static () => new StreamReader(Console.OpenStandardInput(), Utf8),
            Width = outIsTerminal && Console.WindowWidth is >= Narrowest and var cells ? cells : WidthFromEnvironment(),
            OutIsTerminal = outIsTerminal,
            ErrorIsTerminal = errorIsTerminal,
            OutHasColours = outIsTerminal && colours,
            ErrorHasColours = errorIsTerminal && colours,
            InputMayHoldItems = Console.IsInputRedirected && !IsNullDevice(),
            Ask = errorIsTerminal && (!Console.IsInputRedirected || CanOpenTerminal()) ? AskPerson : null,
        };
    }

    private static int WidthFromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns is >= Narrowest and <= 10_000 ? columns : DefaultWidth;

    private static bool IsNullDevice() =>
        OperatingSystem.IsLinux() && new FileInfo("/proc/self/fd/0") is var input && (input.LinkTarget is null or "/dev/null");

    // With objects on standard input the person is still at the controlling terminal. Cron jobs, ssh without
    // a terminal, and services have none, and opening it fails.
    private static bool CanOpenTerminal()
    {
        try
        {
            using var terminal = new FileStream(ControllingTerminal, FileMode.Open, FileAccess.Read);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? AskPerson(string question, bool secret)
    {
        Console.Error.Write(question);
        if (!Console.IsInputRedirected)
        {
            return secret ? ReadSecret() : Console.ReadLine();
        }

        if (secret)
        {
            return null;
        }

        using var terminal = new StreamReader(new FileStream(ControllingTerminal, FileMode.Open, FileAccess.Read));
        return terminal.ReadLine();
    }

    private static string ReadSecret()
    {
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                text.Length = Math.Max(text.Length - 1, 0);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                text.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return text.ToString();
    }
}
