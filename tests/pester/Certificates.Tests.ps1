# The certificate commands in a session.
BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
    $script:File = Join-Path $TestDrive 'site.pem'
    $script:Key = Join-Path $TestDrive 'site.key'
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $Key -out $File -days 90 -subj /CN=site -addext subjectAltName=DNS:www.example.test 2>$null
}

Describe 'Test-Certificate' {
    It 'reads a file, its key and its names' {
        $status = Test-Certificate $File -KeyPath $Key -ServerName www.example.test
        $status | Should -BeOfType OpsRunbook.CertificateStatus
        $status.KeyMatches | Should -BeTrue
        $status.NameMatches | Should -BeTrue
        $status.DaysLeft | Should -BeIn 89, 90
        $status.Reason | Should -Be 'Certificate.SelfSigned'
        (Test-Certificate $File -CaFile $File).Status | Should -Be 'Healthy'
    }

    It 'takes files, certificates and days from the pipeline' {
        (Get-Item $File | Test-Certificate -At 100d).Reason | Should -Be 'Certificate.Expired'
        ($File | Test-Certificate -Warning '95d' -CaFile $File).Reason | Should -Be 'Certificate.Expiring'
        $certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::new($File)
        ($certificate | Test-Certificate).Source | Should -Be 'pipeline'
    }

    It 'opens a PKCS #12 file with a credential, and says when it does not' {
        $bundle = Join-Path $TestDrive 'site.p12'
        openssl pkcs12 -export -in $File -inkey $Key -passout pass:sesame -out $bundle
        $right = [pscredential]::new('x', [System.Net.NetworkCredential]::new('x', 'sesame').SecurePassword)
        (Test-Certificate $bundle -Credential $right).KeyMatches | Should -BeTrue
        (Test-Certificate $bundle).Reason | Should -Be 'Certificate.PasswordWrong'
    }

    It 'shows a table of 120 columns, status first' {
        $lines = (Test-Certificate $TestDrive | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd() }
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
        $lines -match '^Status\s+DaysLeft' | Should -HaveCount 1
    }
}

Describe 'New-TemporaryCertificate' {
    It 'shows a plan, replaces an expired certificate, and comes back by the pipeline' {
        $old = Join-Path $TestDrive 'old.pem'
        $oldKey = Join-Path $TestDrive 'old.key'
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $oldKey -out $old -days 1 -subj /CN=old -addext subjectAltName=DNS:www.example.test 2>$null
        Set-Content -LiteralPath $oldKey -Value 'lost'
        $stack = Join-Path $TestDrive 'opsrunbook.yaml'
        Set-Content -LiteralPath $stack -Value "stack: pester`ncertificates:`n  site: { file: $old, key: $oldKey }"
        $before = (Get-FileHash $old, $oldKey).Hash

        (New-TemporaryCertificate site -Stack $stack -WhatIf).Action | Should -Be @('Issue', 'Write')
        (Get-FileHash $old, $oldKey).Hash | Should -Be $before

        $change = New-TemporaryCertificate site -Stack $stack -For 3d
        $change | Should -BeOfType OpsRunbook.CertificateChange
        $change.Outcome | Should -Be 'Done'
        $change.Names | Should -Be 'www.example.test'
        (Test-Certificate -Stack $stack).KeyMatches | Should -BeTrue

        ($change | New-TemporaryCertificate -Undo -Stack $stack).Outcome | Should -Be 'Done'
        (Get-FileHash $old, $oldKey).Hash | Should -Be $before
    }
}

Describe 'Update-Certificate' {
    BeforeAll {
        $script:Live = Join-Path $TestDrive 'letsencrypt/live/site'
        $renewal = Join-Path $TestDrive 'letsencrypt/renewal'
        $null = New-Item -ItemType Directory -Path $Live, $renewal -Force
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $Live/privkey.pem -out $Live/fullchain.pem -days 20 -subj /CN=site -addext subjectAltName=DNS:www.example.test 2>$null
        Set-Content -LiteralPath $renewal/site.conf -Value "cert = $Live/fullchain.pem`nprivkey = $Live/privkey.pem`nfullchain = $Live/fullchain.pem`n[renewalparams]`nauthenticator = standalone"

        # What certbot says and does is the business of other tests; here it is one that fails, and one that finds nothing to do.
        $script:Certbot = Join-Path $TestDrive 'certbot'
        $script:Stack = Join-Path $TestDrive 'renewal.yaml'
        Set-Content -LiteralPath $Stack -Value "stack: pester`ncertificates:`n  site: { file: $Live/fullchain.pem, key: $Live/privkey.pem, renew: certbot }`n  bought: { file: $Live/fullchain.pem }"
        $script:Call = @{ Stack = $Stack; CertbotDirectory = Join-Path $TestDrive 'letsencrypt'; CertbotPath = $Certbot }
        function Write-Certbot([string] $Text) {
            Set-Content -LiteralPath $Certbot -Value "#!/bin/sh`n$Text"
            chmod 755 $Certbot
        }
    }

    It 'shows a plan, and tells what is not due' {
        Write-Certbot 'echo "Certificate not yet due for renewal"'
        $plan = Update-Certificate @Call -WhatIf
        $plan.Action | Should -Be 'Renew'
        $plan.Detail | Should -BeLike 'certbot renew --cert-name site: due since *'
        $change = [pscustomobject]@{ Name = 'site' } | Update-Certificate @Call
        $change | Should -BeOfType OpsRunbook.CertificateChange
        $change.Outcome | Should -Be 'Unchanged'
        $change.NotAfter | Should -BeGreaterThan ([datetime]::UtcNow)
    }

    It 'tells why a renewal failed' {
        Write-Certbot 'echo "Failed to renew certificate site with error: urn:ietf:params:acme:error:rateLimited :: too many certificates, retry after 2026-12-01" >&2; exit 1'
        $change = Update-Certificate site @Call -ErrorVariable problems -ErrorAction SilentlyContinue
        $change.Reason | Should -Be 'Certificate.RenewalRateLimited'
        $change.Message | Should -BeLike '*retry after 2026-12-01*'
        $problems[0].FullyQualifiedErrorId | Should -BeLike 'Certificate.RenewalRateLimited*'
        { Update-Certificate bought @Call -ErrorAction Stop } | Should -Throw -ErrorId 'Certificate.NotRenewed*'
        { Update-Certificate -Lineage nowhere @Call -ErrorAction Stop } | Should -Throw -ErrorId 'Certificate.LineageNotFound*'
    }

    It 'shows a table of 120 columns, status first' {
        $lines = (Update-Certificate site @Call -ErrorAction SilentlyContinue | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd() }
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
        $lines -match '^Status\s+Name' | Should -HaveCount 1
    }
}
