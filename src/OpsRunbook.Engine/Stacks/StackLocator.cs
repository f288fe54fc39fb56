namespace OpsRunbook.Engine.Stacks;

/// <summary>Finds the stack that a command is about.</summary>
public static class StackLocator
{
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
    public static Task<OpsStack> FindAsync(object? reference, string workingDirectory, IOperationOutput output, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
