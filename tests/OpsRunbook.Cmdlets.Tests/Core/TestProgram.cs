using OpsRunbook.ConsoleRunner;
using OpsRunbook.ConsoleRunner.Binding;

namespace OpsRunbook.Cmdlets.Tests;

/// <summary>The executable with the test commands instead of the module's, for tests of signals and pipes.</summary>
internal static class TestProgram
{
    public static int Main(string[] args) =>
        OpsRunbookConsole.Run(args, Terminal.Current(), new CommandCatalog(typeof(TestProgram).Assembly));
}
