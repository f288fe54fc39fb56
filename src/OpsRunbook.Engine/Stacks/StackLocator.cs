using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Finds the stack that a command is about.</summary>
public static class StackLocator
{
    /// <summary>Name of a stack file without its extension.</summary>
    internal const string FileName = "opsrunbook";

    /// <summary>Variable that names the stack.</summary>
    internal const string Variable = "OPSRUNBOOK_STACK";

    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    /// <summary>Folder of the user's own stack files.</summary>
    private static string ConfigurationFolder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } folder && Path.IsPathFullyQualified(folder)
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".config"),
        FileName);

    /// <summary>
    /// The stack named by the caller, else by <c>$OPSRUNBOOK_STACK</c>, else <c>opsrunbook.yaml</c> in the
    /// working directory or above, else in the user's configuration folder, else what is discovered here.
    /// </summary>
    /// <param name="reference">Path, name, or <see cref="OpsStack"/>; null to look it up.</param>
    /// <param name="workingDirectory">Where the search begins.</param>
    /// <param name="output">Takes warnings, such as for a plain secret.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The stack.</returns>
    /// <exception cref="OpsException"><c>Stack.NotFound</c> or what is wrong with the file.</exception>
    public static async Task<OpsStack> FindAsync(object? reference, string workingDirectory, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (reference is OpsStack stack)
        {
            return stack;
        }

        if (await FindFileAsync(reference, workingDirectory, cancellationToken) is { } path)
        {
            output.Verbose($"The stack is read from {path}.");
            return await StackLoader.LoadAsync(path, output, cancellationToken);
        }

        output.Verbose("There is no stack file; the stack is what is discovered on this machine.");
        await using var host = HostFactory.Create(LocalHost.LocalName, new OpsStack());
        return await StackDiscovery.DiscoverAsync(host, output, cancellationToken);
    }

    /// <summary>The file that a reference means.</summary>
    /// <param name="reference">Path or name; null to look it up.</param>
    /// <param name="workingDirectory">Where the search begins.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>Absolute path; null when nothing was asked for and nothing is there.</returns>
    /// <exception cref="OpsException"><c>Stack.NotFound</c>, <c>Stack.ReferenceInvalid</c>, <c>Stack.FileNotTrusted</c>.</exception>
    public static async Task<string?> FindFileAsync(object? reference, string workingDirectory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workingDirectory);
        switch (reference)
        {
            case FileSystemInfo file:
                return await NamedAsync(file.FullName, string.Empty, workingDirectory, cancellationToken);
            case string text when !string.IsNullOrWhiteSpace(text):
                return await NamedAsync(text, string.Empty, workingDirectory, cancellationToken);
            case null:
                break;
            default:
                throw new OpsException(
                    "Stack.ReferenceInvalid",
                    OpsErrorKind.InvalidArgument,
                    reference is string ? "The name of the stack is empty." : $"A stack cannot be given as {reference.GetType().Name}.",
                    "Give the path of a stack file, the name of a stack, or an object that Get-OpsStack returned.");
        }

        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } variable)
        {
            return await NamedAsync(variable, $" (from ${Variable})", workingDirectory, cancellationToken);
        }

        for (var folder = new DirectoryInfo(workingDirectory); folder is not null; folder = folder.Parent)
        {
            if (InFolder(folder.FullName, FileName) is { } found)
            {
                FileTrust.Check(found);
                return found;
            }
        }

        return InFolder(ConfigurationFolder, FileName);
    }

    private static async Task<string> NamedAsync(string text, string origin, string workingDirectory, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(ExpandHome(text), workingDirectory);
        if (Directory.Exists(path) && (IsPath(text) || InFolder(path, FileName) is not null))
        {
            return InFolder(path, FileName)
                ?? throw NotFound($"The folder {path}{origin} holds no {FileName}.yaml.", "Name the file itself, or write one with New-OpsStack.", path);
        }

        if (File.Exists(path))
        {
            return path;
        }

        if (IsPath(text))
        {
            var near = Nearest.Find(Path.GetFileName(path), FilesIn(Path.GetDirectoryName(path)).Select(file => Path.GetFileName(file)!));
            throw NotFound($"There is no stack file {path}{origin}.", near is null ? "Check the path; New-OpsStack writes a stack file." : $"Did you mean '{near}'?", path);
        }

        if (InFolder(ConfigurationFolder, text) is { } configured)
        {
            return configured;
        }

        // A name may also be the one that a file gives to itself.
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var candidate in Candidates(workingDirectory))
        {
            known.TryAdd(await NameInAsync(candidate, cancellationToken) ?? Path.GetFileNameWithoutExtension(candidate), candidate);
        }

        if (known.TryGetValue(text, out var named))
        {
            return named;
        }

        foreach (var file in FilesIn(ConfigurationFolder))
        {
            known.TryAdd(Path.GetFileNameWithoutExtension(file), file);
        }

        known.Remove(FileName);
        throw NotFound(
            $"There is no stack '{text}'{origin}.",
            Nearest.Suggest(text, known.Keys) ?? $"Give the path of a stack file, or put {text}.yaml into {ConfigurationFolder}.",
            text);
    }

    private static IEnumerable<string> Candidates(string workingDirectory)
    {
        for (var folder = new DirectoryInfo(workingDirectory); folder is not null; folder = folder.Parent)
        {
            if (InFolder(folder.FullName, FileName) is { } found)
            {
                yield return found;
            }
        }

        foreach (var file in FilesIn(ConfigurationFolder))
        {
            yield return file;
        }
    }

    private static async Task<string?> NameInAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return ConfigReader.Read(await ConfigReader.ReadFileAsync(file, cancellationToken), new ConfigProblems(file))?.FindText("stack");
        }
        catch (OpsException)
        {
            // A broken file has no name; it is reported when it is the one that is wanted.
            return null;
        }
    }

    private static IEnumerable<string> FilesIn(string? folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder).Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.Ordinal)).Order(StringComparer.Ordinal)
        : [];

    private static string? InFolder(string folder, string name) =>
        Extensions.Select(extension => Path.Combine(folder, name + extension)).FirstOrDefault(File.Exists);

    private static bool IsPath(string text) =>
        text.AsSpan().ContainsAny('/', '\\') || text.StartsWith('~') || Extensions.Contains(Path.GetExtension(text), StringComparer.OrdinalIgnoreCase);

    private static string ExpandHome(string text) => text == "~" || text.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), text[1..])
        : text;

    private static OpsException NotFound(string message, string next, string target) => new("Stack.NotFound", OpsErrorKind.NotFound, message, next, target);
}
