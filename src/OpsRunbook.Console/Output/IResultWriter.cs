namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>Writes results in one format, each as it comes.</summary>
internal interface IResultWriter
{
    /// <summary>Writes one result.</summary>
    /// <param name="item">The result.</param>
    void Write(object item);

    /// <summary>Writes what stands at the end.</summary>
    void End();
}
