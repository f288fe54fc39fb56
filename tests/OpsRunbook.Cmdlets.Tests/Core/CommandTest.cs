using OpsRunbook.ConsoleRunner;

namespace OpsRunbook.Cmdlets.Tests;

/// <summary>A test that types commands into the console runner, with a folder of its own for a stack file.</summary>
public abstract class CommandTest : IDisposable
{
    /// <summary>Folder of the test, removed with it.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("opsrunbook-").FullName;

    /// <summary>Path for the stack file.</summary>
    protected string StackFile => Path.Combine(Folder, "shop.yaml");

    /// <summary>What the commands wrote as errors.</summary>
    protected StringWriter Error { get; } = new();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs a command.</summary>
    /// <param name="arguments">The command and its parameters.</param>
    /// <param name="input">Items on standard input; null for none.</param>
    /// <returns>Exit code and output at 120 columns.</returns>
    protected (int Code, string Output) Run(string[] arguments, string? input = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var code = OpsRunbookConsole.Run(arguments, new Terminal
        {
            Out = output,
            Error = Error,
            OpenInput = () => input is null ? TextReader.Null : new StringReader(input),
            InputMayHoldItems = input is not null,
            Width = 120,
        });
        return (code, output.ToString());
    }

    /// <summary>Removes what the test made.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Error.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
