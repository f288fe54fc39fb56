namespace OpsRunbook;

/// <summary>What could be done with an index. Nothing is ever done by itself.</summary>
public enum DbIndexAdvice
{
    /// <summary>Nothing.</summary>
    Keep,

    /// <summary>There is not enough known about its use.</summary>
    Undecided,

    /// <summary>It could go: nobody uses it, or another one does the same.</summary>
    Drop,

    /// <summary>It is not valid: build it anew.</summary>
    Rebuild,
}
