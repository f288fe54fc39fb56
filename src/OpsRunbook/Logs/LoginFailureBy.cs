namespace OpsRunbook;

/// <summary>What failed logins are put together by.</summary>
public enum LoginFailureBy
{
    /// <summary>Source address and account.</summary>
    AddressAndAccount,

    /// <summary>Source address alone.</summary>
    Address,

    /// <summary>Account alone.</summary>
    Account,
}
