namespace OpsRunbook.Engine.Disks;

/// <summary>Is told what a walk finds, from several threads at once.</summary>
internal interface ITreeVisitor
{
    /// <summary>Only regular files matter, and files known to be of another kind need not be asked about.</summary>
    bool RegularFilesOnly { get; }

    /// <summary>A folder is about to be read.</summary>
    /// <param name="parent">The folder that it is in; null for the start.</param>
    /// <param name="name">Its name without NUL.</param>
    /// <param name="status">What is known of it.</param>
    /// <returns>What the visitor keeps of it.</returns>
    object? Enter(TreeFolder? parent, ReadOnlySpan<byte> name, in FileStatus status);

    /// <summary>A file that is no folder.</summary>
    /// <param name="folder">The folder that it is in.</param>
    /// <param name="name">Its name without NUL.</param>
    /// <param name="status">What is known of it.</param>
    /// <param name="totals">Sums of this thread, handed over by <see cref="Flush"/>.</param>
    void File(TreeFolder folder, ReadOnlySpan<byte> name, in FileStatus status, ref TreeTotals totals);

    /// <summary>Takes what a thread has summed up.</summary>
    /// <param name="folder">The folder of the files.</param>
    /// <param name="totals">The sums.</param>
    void Flush(TreeFolder folder, in TreeTotals totals);

    /// <summary>Something could not be looked at.</summary>
    /// <param name="folder">The folder, or the folder of the file.</param>
    void Unreadable(TreeFolder folder);
}
