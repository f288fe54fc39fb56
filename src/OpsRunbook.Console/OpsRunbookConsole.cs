using System.Reflection;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.ConsoleRunner.Help;
using OpsRunbook.Engine;

namespace OpsRunbook.ConsoleRunner;

/// <summary>What the <c>opsrunbook</c> executable does with its arguments.</summary>
internal static class OpsRunbookConsole
{
    /// <summary>Exit code for wrong usage, as in sysexits.h.</summary>
    public const int UsageExitCode = 64;

    private static readonly string[] HelpWords = ["help", "--help", "-h", "-?", "/?"];

    /// <summary>Runs the executable.</summary>
    /// <param name="args">Command line.</param>
    /// <param name="terminal">Standard streams.</param>
    /// <param name="catalog">The commands; null for the module's.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, Terminal terminal, CommandCatalog? catalog = null)
    {
        try
        {
            return Dispatch(args, terminal, catalog);
        }
        catch (UsageException error)
        {
            var command = args[0].Contains('-', StringComparison.Ordinal) && args[0][0] != '-' ? $"{args[0]}: " : string.Empty;
            terminal.Error.WriteLine($"opsrunbook: {command}{Display.Text(error.Message)} [{error.Id}]");
            return UsageExitCode;
        }
        catch (CommandEndedException)
        {
            // The reader of a help text or a script has seen enough.
            return 0;
        }
        finally
        {
            FlushQuietly(terminal.Out);
        }
    }

    private static int Dispatch(string[] args, Terminal terminal, CommandCatalog? catalog)
    {
        var help = new HelpText(terminal.Out, terminal.Width, Beside("help"));
        switch (args)
        {
            case []:
                help.WriteOverview((catalog ?? CommandCatalog.Default).Names);
                return 0;
            case [var word] when HelpWords.Contains(word, StringComparer.OrdinalIgnoreCase):
                help.WriteOverview((catalog ?? CommandCatalog.Default).Names);
                return 0;
            case [var word, var topic] when HelpWords.Contains(word, StringComparer.OrdinalIgnoreCase):
                if (!help.TryWriteTopic(topic))
                {
                    help.WriteCommand(Find(catalog ?? CommandCatalog.Default, topic));
                }

                return 0;
            case ["--version" or "-v"]:
                terminal.Out.WriteLine($"opsrunbook {Version()}");
                return 0;
            case ["completion", .. var shell]:
                terminal.Out.Write(Completion.Script(shell));
                return 0;
            case ["complete", .. var words]:
                new Completion(catalog ?? CommandCatalog.Default).Write(terminal.Out, words);
                return 0;
            case ["build-help", var docs, var folder]:
                MamlWriter.Build(catalog ?? CommandCatalog.Default, docs, folder);
                return 0;
            default:
                return RunCommand(Find(catalog ?? CommandCatalog.Default, args[0]), args[1..], terminal, help);
        }
    }

    private static int RunCommand(CommandShape command, string[] args, Terminal terminal, HelpText help)
    {
        var call = ParameterBinder.Bind(command, args);
        if (call.Options.Help)
        {
            help.WriteCommand(command);
            return 0;
        }

        using var runner = new CommandRunner(call, terminal, Beside("OpsRunbook.Format.ps1xml"));
        return runner.Run();
    }

    private static CommandShape Find(CommandCatalog catalog, string name)
    {
        if (catalog.Find(name) is { } command)
        {
            return command;
        }

        string[] words = ["help", "completion", "--version"];
        var hint = Nearest.Find(name, catalog.Names.Concat(words)) is { } nearest ? $"Did you mean {nearest}?" : "'opsrunbook' alone lists the commands.";
        throw new UsageException("Usage.CommandUnknown", $"There is no command '{name}'. {hint}");
    }

    private static string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);

    private static string Version() =>
        typeof(OpsRunbookConsole).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? string.Empty;

    private static void FlushQuietly(TextWriter output)
    {
        try
        {
            output.Flush();
        }
        catch (Exception error) when (error is CommandEndedException or IOException)
        {
            // Said already, or there is nobody to say it to.
        }
    }
}
