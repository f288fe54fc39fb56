namespace OpsRunbook.Engine.Stacks;

/// <summary>Reads stack files.</summary>
public static class StackLoader
{
    /// <summary>Reads a stack file that must be valid.</summary>
    /// <param name="path">The file.</param>
    /// <param name="output">Takes warnings.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The stack.</returns>
    /// <exception cref="OpsException">The first thing that is wrong with the file, and how many more there are.</exception>
    public static async Task<OpsStack> LoadAsync(string path, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var document = await ReadAsync(path, cancellationToken);
        if (document.Problems is [var first, ..])
        {
            throw document.Problems.Count == 1
                ? first.Error
                : new OpsException(
                    first.Error.Id,
                    first.Error.Kind,
                    first.Error.Message,
                    string.Join(' ', first.Error.NextStep, $"({document.Problems.Count - 1} more in this file; Test-OpsStack lists them.)").Trim(),
                    first.Error.Target);
        }

        foreach (var (_, _, warning) in document.Warnings)
        {
            output.Warning(warning);
        }

        return document.Stack;
    }

    /// <summary>Reads a stack file, whatever is wrong with its content.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The stack, with what is wrong.</returns>
    /// <exception cref="OpsException">The file cannot be read.</exception>
    public static async Task<StackDocument> ReadAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Parse(await ConfigReader.ReadFileAsync(path, cancellationToken), path);
    }

    /// <summary>Reads the content of a stack file.</summary>
    /// <param name="content">UTF-8 text.</param>
    /// <param name="path">Its path, for messages and for <see cref="OpsStack.Path"/>.</param>
    /// <returns>The stack, with what is wrong.</returns>
    public static StackDocument Parse(ReadOnlySpan<byte> content, string path)
    {
        var problems = new ConfigProblems(path);
        var binder = new StackBinder(problems);
        var stack = new OpsStack();
        try
        {
            var root = ConfigReader.Read(content, problems)
                ?? throw new OpsException("Stack.Empty", OpsErrorKind.InvalidData, $"{path} is empty.", "Write 'stack: NAME' and the members of the stack, or let New-OpsStack do it.", path);
            stack = binder.Bind(root);
            StackValidator.Validate(stack, binder, problems);
        }
        catch (OpsException error)
        {
            problems.Add(error);
        }

        stack.Path = path;
        if (stack.Name.Length == 0)
        {
            stack.Name = DefaultName(path);
        }

        return new StackDocument(path, stack, problems, binder.Warnings, binder.Positions);
    }

    // opsrunbook.yaml says nothing about what it describes; its folder does.
    private static string DefaultName(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        return name is StackLocator.FileName && Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) is { Length: > 0 } folder ? folder : name;
    }
}
